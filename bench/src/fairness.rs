//! A small tenant beside large ones: what its executions take when it is alone, and when four tenants
//! loop, fill memory and flood the host with calls, each at its bound of executions at once. It asks
//! and waits, puts into the queue, and has schedules.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, Json, Timestamp};
use scriptorium::{Execute, ExecutionFilter, ExecutionSummary, Mode, Platform, TenantHandle};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::figures::{Figures, Rounds};
use crate::platform::{World, activate, runtime};

/// The small tenant asks this often.
const EVERY: Duration = Duration::from_millis(50);
/// Its schedules, each of which runs at every full minute.
const SCHEDULES: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// When everything that was due at a full minute has ended, or something is wrong.
const SETTLED: Duration = Duration::from_secs(20);
/// Slugs of the others. Each keeps five executions of each script below under way, which is as many
/// as such a tenant may have at once, three times over.
const NOISY: [&str; 4] = ["noise-a", "noise-b", "noise-c", "noise-d"];
const AT_ONCE: usize = 5;

/// What the noise is made of. None of them times out: a script that does is held back after a while.
const NOISE: [(&str, &str); 3] = [
    (
        "loops",
        "export default () => { const end = Date.now() + 2000; while (Date.now() < end); }",
    ),
    (
        "fills",
        "export default () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(7)); }",
    ),
    (
        "floods",
        "export default async () => { for (let n = 0; n < 20; n++)
            await Promise.all([1, 2, 3].map((key) => storage.get(String(key)))); }",
    ),
];

/// What the executions of the small tenant took.
#[derive(Serialize)]
pub(crate) struct Fairness {
    /// Calls, to their results.
    pub(crate) call: Pair,
    /// Executions from the queue, from asking to their end: the way of events.
    pub(crate) queue: Pair,
    /// Scheduled executions, from the planned instant to their end.
    pub(crate) schedule: Option<Pair>,
}

/// Without others, and beside them.
#[derive(Serialize)]
pub(crate) struct Pair {
    pub(crate) alone: Rounds,
    pub(crate) beside: Rounds,
}

/// Measures both in turns, with a guest thread for each core; schedules for so many minutes, or not.
pub(crate) fn measure(time: Duration, rounds: usize, minutes: u32) -> Result<Fairness> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let world = World::start().await?;
        let victim = Victim::new(&world).await?;
        let mut noisy = Vec::new();
        for slug in NOISY {
            let (tenant, author) = world.tenant(slug).await?;
            for (name, source) in NOISE {
                activate(&world.platform, &author, name, Trigger::Embedded, source).await?;
            }
            noisy.push(tenant);
        }
        victim.calls(time / 5).await?;
        victim.queue(time / 5).await?;
        let (mut call, mut queue) = (Turns::default(), Turns::default());
        for _ in 0..rounds {
            call.alone.push(victim.calls(time).await?);
            queue.alone.push(victim.queue(time).await?);
            let noise = Noise::start(&noisy);
            tokio::time::sleep(time / 5).await;
            call.beside.push(victim.calls(time).await?);
            queue.beside.push(victim.queue(time).await?);
            noise.stop().await?;
        }
        let mut schedule = Turns::default();
        if minutes > 0 {
            victim.plan().await?;
            schedule.alone.push(victim.schedules(minutes).await?);
            let noise = Noise::start(&noisy);
            schedule.beside.push(victim.schedules(minutes).await?);
            noise.stop().await?;
        }
        world.stop().await;
        Ok(Fairness {
            call: call.pair()?,
            queue: queue.pair()?,
            schedule: (minutes > 0).then(|| schedule.pair()).transpose()?,
        })
    })
}

#[derive(Default)]
struct Turns {
    alone: Vec<Figures>,
    beside: Vec<Figures>,
}

impl Turns {
    fn pair(self) -> Result<Pair> {
        Ok(Pair {
            alone: Rounds::of(self.alone)?,
            beside: Rounds::of(self.beside)?,
        })
    }
}

/// The small tenant.
struct Victim {
    platform: Platform,
    tenant: TenantHandle,
    author: Ctx,
    queued: Script,
}

impl Victim {
    async fn new(world: &World) -> Result<Self> {
        let (tenant, author) = world.tenant("small").await?;
        let platform = world.platform.clone();
        let source = "export default (input) => input.n + 1";
        activate(&platform, &author, "calls", Trigger::Embedded, source).await?;
        let queued = activate(&platform, &author, "queued", Trigger::OneOff, source).await?;
        Ok(Self {
            platform,
            tenant,
            author,
            queued,
        })
    }

    /// One call after the other, each at its time; durations from when it should have begun.
    async fn calls(&self, time: Duration) -> Result<Figures> {
        let began = Instant::now();
        let mut times = Vec::new();
        let mut due = began;
        while due < began + time {
            tokio::time::sleep_until(due.into()).await;
            let n = times.len();
            let next: Value = self.tenant.invoke("calls", &json!({ "n": n })).await?;
            times.push(due.elapsed());
            ensure!(
                next == n + 1,
                "the small tenant's script gives {next} for {n}"
            );
            due += EVERY;
        }
        Figures::of(times, began.elapsed())
    }

    /// Executions that are put into the queue, each at its time, and not waited for; durations as they are
    /// recorded.
    async fn queue(&self, time: Duration) -> Result<Figures> {
        let (from, began) = (self.now(), Instant::now());
        let mut due = began;
        let mut asked = 0;
        while due < began + time {
            tokio::time::sleep_until(due.into()).await;
            let input = Json::from(json!({ "n": asked }));
            let what = Execute::new(self.queued.id, input, Mode::Async);
            self.platform
                .executions()
                .execute(&self.author, what)
                .await?;
            asked += 1;
            due += EVERY;
        }
        let ended = self.ended(TriggerKind::Api, from, asked).await?;
        let times = ended.iter().map(|one| took(one, one.created_at));
        Figures::of(times.collect::<Result<_>>()?, began.elapsed())
    }

    /// Gives it schedules.
    async fn plan(&self) -> Result<()> {
        for number in 0..SCHEDULES {
            let every_minute = Trigger::Scheduled(Schedule::new("* * * * *", "UTC"));
            let (name, source) = (format!("planned {number}"), "export default () => 1");
            activate(&self.platform, &self.author, &name, every_minute, source).await?;
        }
        Ok(())
    }

    /// Waits for so many full minutes, and says what what was due then took.
    async fn schedules(&self, minutes: u32) -> Result<Figures> {
        let (from, began) = (self.now(), Instant::now());
        let to_next = MINUTE - Duration::from_millis(from.as_millisecond().unsigned_abs() % 60_000);
        tokio::time::sleep(to_next + MINUTE * (minutes - 1)).await;
        let count = SCHEDULES * minutes as usize;
        let ended = self.ended(TriggerKind::Cron, from, count).await?;
        let times = ended.iter().map(|one| {
            let planned = one.created_at.as_second().div_euclid(60) * 60;
            took(one, Timestamp::from_second(planned)?)
        });
        Figures::of(times.collect::<Result<_>>()?, began.elapsed())
    }

    /// The executions recorded from then on, when all of them have ended.
    async fn ended(
        &self,
        trigger: TriggerKind,
        from: Timestamp,
        count: usize,
    ) -> Result<Vec<ExecutionSummary>> {
        let began = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let found = self.list(trigger, from).await?;
            let ended = found.iter().filter(|one| one.status.is_final()).count();
            if ended >= count {
                let whole = found
                    .iter()
                    .all(|one| one.status == ExecutionStatus::Completed);
                ensure!(whole, "not all executions of the small tenant completed");
                return Ok(found);
            }
            ensure!(
                began.elapsed() < SETTLED,
                "{ended} of {count} executions of the small tenant ended in time"
            );
        }
    }

    async fn list(&self, trigger: TriggerKind, from: Timestamp) -> Result<Vec<ExecutionSummary>> {
        let filter = ExecutionFilter {
            trigger: Some(trigger),
            from: Some(from),
            ..ExecutionFilter::default()
        };
        let mut found = Vec::new();
        let mut page = PageRequest {
            limit: 200,
            cursor: None,
        };
        loop {
            let executions = self.platform.executions();
            let next = executions.list(&self.author, &filter, &page).await?;
            found.extend(next.items);
            page.cursor = next.next_cursor;
            if page.cursor.is_none() {
                return Ok(found);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.platform.ambient().now()
    }
}

fn took(execution: &ExecutionSummary, since: Timestamp) -> Result<Duration> {
    let end = execution.completed_at.context("it has not ended")?;
    Ok(Duration::try_from(end.duration_since(since))?)
}

/// The others, until stopped.
struct Noise {
    stop: watch::Sender<bool>,
    callers: JoinSet<u64>,
}

impl Noise {
    fn start(tenants: &[TenantHandle]) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut callers = JoinSet::new();
        for tenant in tenants {
            for (name, _) in NOISE {
                for _ in 0..AT_ONCE {
                    let (tenant, mut stopped) = (tenant.clone(), stopped.clone());
                    callers.spawn(async move {
                        let mut ended = 0;
                        while !*stopped.borrow() {
                            // Refused or failed as it may be: it goes on.
                            let call = tenant.invoke::<_, Value>(name, &json!(null));
                            tokio::select! {
                                _ = call => ended += 1,
                                _ = stopped.changed() => {}
                            }
                        }
                        ended
                    });
                }
            }
        }
        Self { stop, callers }
    }

    async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        let ended: u64 = self.callers.join_all().await.into_iter().sum();
        ensure!(ended > 0, "there was no noise");
        Ok(())
    }
}
