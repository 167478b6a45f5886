//! A small tenant beside large ones: what its calls take when it is alone, and when four tenants loop,
//! fill memory and flood the host with calls, each at its bound of executions at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use scriptorium::model::Ctx;
use scriptorium::model::permission::Role;
use scriptorium::model::trigger::Trigger;
use scriptorium::{Platform, TenantHandle};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::figures::{Figures, Rounds};
use crate::platform::{World, activate, author, runtime};

/// The small tenant calls this often.
const EVERY: Duration = Duration::from_millis(50);
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

/// What the calls of the small tenant took.
pub(crate) struct Fairness {
    pub(crate) alone: Rounds,
    pub(crate) beside: Rounds,
}

/// Measures both in turns, with a guest thread for each core.
pub(crate) fn measure(time: Duration, rounds: usize) -> Result<Fairness> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let world = World::start().await?;
        let small = [("calls", "export default (input) => input.n + 1")];
        let victim = tenant(&world.platform, "small", &small).await?;
        let mut noisy = Vec::new();
        for slug in NOISY {
            noisy.push(tenant(&world.platform, slug, &NOISE).await?);
        }
        calls(&victim, time / 5).await?;
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            alone.push(calls(&victim, time).await?);
            let noise = Noise::start(&noisy);
            tokio::time::sleep(time / 5).await;
            beside.push(calls(&victim, time).await?);
            noise.stop().await?;
        }
        world.stop().await;
        Ok(Fairness {
            alone: Rounds::of(alone)?,
            beside: Rounds::of(beside)?,
        })
    })
}

/// A new tenant with embedded scripts.
async fn tenant(platform: &Platform, slug: &str, scripts: &[(&str, &str)]) -> Result<TenantHandle> {
    let operator = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..platform.tenant("default").await?.ctx().clone()
    };
    platform.tenants().create(&operator, slug, slug).await?;
    let author = author(platform, slug).await?;
    for (name, source) in scripts {
        activate(platform, &author, name, Trigger::Embedded, source).await?;
    }
    Ok(platform.tenant(slug).await?)
}

/// One call after the other, each at its time; durations from when it should have begun.
async fn calls(tenant: &TenantHandle, time: Duration) -> Result<Figures> {
    let began = Instant::now();
    let mut times = Vec::new();
    let mut due = began;
    while due < began + time {
        tokio::time::sleep_until(due.into()).await;
        let n = times.len();
        let next: Value = tenant.invoke("calls", &json!({ "n": n })).await?;
        times.push(due.elapsed());
        ensure!(
            next == n + 1,
            "the small tenant's script gives {next} for {n}"
        );
        due += EVERY;
    }
    Figures::of(times, began.elapsed())
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
