//! A store with one tenant, a clock that moves when told, and a worker that runs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure};
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Actor, Ambient, Ctx, Json, TenantId, Timestamp};
use scriptorium_store::schedules::{CameTo, Skipped, Slot};
use scriptorium_store::system::queue::Claimed;
use scriptorium_store::{Finished, Options, PostgresOptions, Store};
use scriptorium_triggers::schedule::{self, Pass};
use tempfile::TempDir;

/// A clock that stands until it is moved, in either direction.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl TestClock {
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

/// Bytes that never repeat and are the same in every run.
pub(crate) struct Seeded(pub(crate) AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ambient: Ambient,
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) ctx: Ctx,
    _dir: TempDir,
    /// Dropped last, when nobody is connected any more.
    _server: Option<scriptorium_testing::Database>,
}

impl World {
    pub(crate) async fn on(database: Database, start: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path());
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(server().await),
        };
        options.postgres = server.as_ref().map(logins);
        let start: Timestamp = start.parse().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(start.as_microsecond())));
        let entropy = Arc::new(Seeded(AtomicU64::new(1)));
        let ambient = Ambient::new(Arc::<TestClock>::clone(&clock), entropy);
        let store = Store::open(options.clone(), ambient.clone()).await.unwrap();
        let ctx = tenant(&store, &ambient).await;
        Self {
            clock,
            ambient,
            store,
            options,
            ctx,
            _dir: dir,
            _server: server,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock
            .set(self.now() + SignedDuration::from_secs(seconds));
    }

    /// An active script.
    pub(crate) async fn active(&self, name: &str, schedule: Schedule) -> Script {
        active(&self.store, &self.ambient, &self.ctx, name, schedule).await
    }

    pub(crate) async fn pass(&self) -> Pass {
        schedule::pass(&self.store, &self.ambient).await.unwrap()
    }

    /// Passes until nothing is left to do at this instant.
    pub(crate) async fn settle(&self) -> Pass {
        let mut all = Pass::default();
        loop {
            let pass = self.pass().await;
            if pass == Pass::default() {
                return all;
            }
            all.fired += pass.fired;
            all.skipped += pass.skipped;
            all.held += pass.held;
            all.paused += pass.paused;
        }
    }

    /// What a worker takes.
    pub(crate) async fn claim(&self) -> Vec<Claimed> {
        let lease = Duration::from_secs(3600);
        let claim = self.store.claim_pending(1_000, lease, &[], &|_| u32::MAX);
        claim.await.unwrap()
    }

    /// Ends what was taken.
    pub(crate) async fn end(&self, claimed: Claimed, status: ExecutionStatus) {
        end(&self.store, &self.ambient, claimed, status).await;
    }

    /// Ends what was taken with this failure, or as completed.
    pub(crate) async fn end_with(&self, claimed: Claimed, failure: Option<Failure>) {
        end_with(&self.store, &self.ambient, claimed, failure).await;
    }

    /// Runs what is pending; how many.
    pub(crate) async fn run(&self, status: ExecutionStatus) -> usize {
        let claimed = self.claim().await;
        let count = claimed.len();
        for claimed in claimed {
            self.end(claimed, status).await;
        }
        count
    }

    /// The slots of a script as lines, the oldest first.
    pub(crate) async fn slots(&self, script: &Script) -> Vec<String> {
        let slots = self.store.list_slots(&self.ctx, script.id, 1_000).await;
        slots.unwrap().iter().rev().map(line).collect()
    }
}

fn line(slot: &Slot) -> String {
    let planned = slot.planned_at.to_string();
    let mut line = planned.replace("2026-11-", "").replace(":00Z", "");
    line += match slot.came_to {
        CameTo::Execution { .. } => " ran",
        CameTo::Skipped(Some(Skipped::Missed)) => " missed",
        CameTo::Skipped(Some(Skipped::StillRunning)) => " still running",
        CameTo::Skipped(None) => " skipped",
    };
    if slot.catch_up {
        line += " late";
    }
    if slot.passed_over > 0 {
        line += &format!(" after {}", slot.passed_over);
    }
    line
}

pub(crate) async fn active(
    store: &Store,
    ambient: &Ambient,
    ctx: &Ctx,
    name: &str,
    schedule: Schedule,
) -> Script {
    let definition = Definition {
        name: name.into(),
        source: "return 1".into(),
        ..Definition::blank(Trigger::Scheduled(schedule))
    };
    let now = ambient.now();
    let script = Script {
        id: ambient.new_id(),
        tenant: ctx.tenant,
        definition,
        status: ScriptStatus::Draft,
        version: 1,
        owner: None,
        updated_by: None,
        activated_by: None,
        created_by: None,
        created_at: now,
        updated_at: now,
        paused_reason: None,
    };
    store.create_script(ctx, &script, "").await.unwrap();
    let (from, to) = (ScriptStatus::Draft, ScriptStatus::Active);
    store
        .set_status(ctx, script.id, from, to, None)
        .await
        .unwrap()
}

pub(crate) async fn tenant(store: &Store, ambient: &Ambient) -> Ctx {
    let id: TenantId = ambient.new_id();
    let tenant = Tenant {
        id,
        slug: "acme".into(),
        name: "ACME".into(),
        created_at: ambient.now(),
    };
    let ctx = Ctx::platform(id);
    store.create_tenant(&ctx, &tenant).await.unwrap();
    Ctx {
        actor: Actor::Host,
        ..ctx
    }
}

pub(crate) async fn end(
    store: &Store,
    ambient: &Ambient,
    claimed: Claimed,
    status: ExecutionStatus,
) {
    let failure = match status {
        ExecutionStatus::Completed => None,
        ExecutionStatus::Cancelled => Some(Failure::new("cancelled", "no")),
        _ => Some(Failure::new("script.threw", "no")),
    };
    end_with(store, ambient, claimed, failure).await;
}

async fn end_with(store: &Store, ambient: &Ambient, claimed: Claimed, failure: Option<Failure>) {
    let now = ambient.now();
    let status = failure.as_ref().map(Failure::status);
    let execution = Execution {
        status: status.unwrap_or(ExecutionStatus::Completed),
        output: failure.is_none().then(|| Json::parse("1").unwrap()),
        failure,
        started_at: Some(now),
        completed_at: Some(now),
        ..claimed.execution
    };
    let tenant = execution.tenant;
    let finished = Finished {
        execution,
        lease: Some(claimed.lease),
        logs: Vec::new(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    let commit = store
        .record(&Ctx::platform(tenant), finished)
        .await
        .unwrap();
    commit.await.unwrap();
}

const KEY: [u8; 32] = [7; 32];
const PREFIX: &str = "scriptorium";

pub(crate) async fn server() -> scriptorium_testing::Database {
    scriptorium_testing::Database::cloned("triggers", async |superuser| {
        Store::create_roles(&superuser, &KEY, PREFIX).await.unwrap();
        let options = PostgresOptions::derived(&superuser, &KEY, PREFIX).unwrap();
        Store::migrate(&options).await.unwrap();
    })
    .await
}

pub(crate) fn logins(server: &scriptorium_testing::Database) -> PostgresOptions {
    let url = |role: &str| server.url(&format!("{PREFIX}_{role}"));
    let mut options = PostgresOptions::new(&url("app"), &url("system")).unwrap();
    options.connections = 4;
    options.clock = scriptorium_store::Clock::Ambient;
    options
}
