//! A platform in a temporary directory with a clock that only tests move.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use scriptorium::model::ambient::{Clock, Entropy};
use scriptorium::model::limits::Limits;
use scriptorium::model::permission::Role;
use scriptorium::model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Actor, Ambient, Ctx, Json, Timestamp};
use scriptorium::{Builder, NewUser, Platform};
use tempfile::TempDir;

/// Microseconds since 1970 of the moment a test begins: 2026-03-02T08:59:00Z.
const START: i64 = 1_772_441_940_000_000;

pub(crate) struct VirtualClock(AtomicI64);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub platform: Platform,
    pub ctx: Ctx,
    pub clock: Arc<VirtualClock>,
    dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// On a server whose logins were made with any key: the tests' server asks for no password.
    pub(crate) async fn on(database: scriptorium::Database) -> Self {
        Self::on_with(database, |builder| builder).await
    }

    /// The same, set up further.
    pub(crate) async fn on_with(
        database: scriptorium::Database,
        set: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        std::fs::write(keys.join("database.key"), "0".repeat(64)).unwrap();
        Self::inside(dir, |builder| set(builder.database(database))).await
    }

    pub(crate) async fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        Self::inside(tempfile::tempdir().unwrap(), set).await
    }

    async fn inside(dir: TempDir, set: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = Arc::new(VirtualClock(AtomicI64::new(START)));
        let platform = start(&dir, &clock, set).await;
        let ctx = platform.tenant("default").await.unwrap().ctx().clone();
        Self {
            platform,
            ctx,
            clock,
            dir,
        }
    }

    /// The same directory under another process, as it were.
    pub(crate) async fn restarted(self, set: impl FnOnce(Builder) -> Builder) -> Self {
        self.restarted_after(Duration::from_secs(5), set).await
    }

    /// The same, with so much time for what runs.
    pub(crate) async fn restarted_after(
        self,
        drain: Duration,
        set: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        self.platform.shutdown(drain).await;
        drop(self.platform);
        let platform = start(&self.dir, &self.clock, set).await;
        Self {
            platform,
            ctx: self.ctx,
            clock: self.clock,
            dir: self.dir,
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock
            .0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// As a clock does that somebody corrects.
    pub(crate) fn turn_back(&self, by: Duration) {
        self.clock
            .0
            .fetch_sub(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// The present instant, in seconds since 1970.
    pub(crate) fn clock_seconds(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub(crate) async fn active(&self, definition: Definition) -> Script {
        let scripts = self.platform.scripts();
        let script = scripts.create(&self.ctx, definition, "").await.unwrap();
        scripts
            .set_status(&self.ctx, script.id, ScriptStatus::Active, None)
            .await
            .unwrap()
    }

    /// The context of a new user of this role in the default tenant.
    pub(crate) async fn user(&self, name: &str, role: Role) -> Ctx {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.into(),
            role,
            extra_permissions: vec![],
            password: None,
            locale: "en".into(),
        };
        let user = self.platform.users().create(&self.ctx, new).await.unwrap();
        Ctx {
            tenant: user.tenant,
            permissions: user.permissions(),
            actor: Actor::User {
                id: user.id,
                session: None,
            },
            origin: None,
        }
    }
}

async fn start(
    dir: &TempDir,
    clock: &Arc<VirtualClock>,
    set: impl FnOnce(Builder) -> Builder,
) -> Platform {
    let ambient = Ambient::new(clock.clone(), Arc::new(Counter(AtomicU64::new(1))));
    // The compiled engine is the same for every test: compiling it takes a second.
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine");
    let builder = Platform::builder()
        .data_dir(dir.path())
        .cache_dir(cache)
        .admin_password("correct horse")
        .slots(8, 8)
        .ambient(ambient);
    set(builder).start().await.unwrap()
}

pub(crate) fn definition(name: &str, trigger: Trigger, source: &str) -> Definition {
    Definition {
        name: name.into(),
        description: String::new(),
        source: source.into(),
        language: Language::JavaScript,
        entry: None,
        trigger,
        limits: Limits::default(),
        concurrency: None,
        input_schema: None,
        output_schema: None,
        compatibility: None,
        database: Default::default(),
        allowed_services: None,
        library: false,
        run_as: None,
        tags: vec![],
        metadata: Default::default(),
    }
}

pub(crate) fn json(value: serde_json::Value) -> Json {
    Json::from(value)
}
