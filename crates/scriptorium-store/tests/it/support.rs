//! A store with two tenants, a clock that moves when told, and things to put into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::dead_letter::{Cause, DeadLetter, DeadLetterStatus};
use scriptorium_model::endpoint::Method;
use scriptorium_model::execution::{
    Execution, ExecutionStatus, Metrics, NewExecution, TriggerKind,
};
use scriptorium_model::limits::Limits;
use scriptorium_model::notification::{Channel, Notification, NotificationStatus};
use scriptorium_model::operation::{OperationKind, OperationState, Pace};
use scriptorium_model::page::PageRequest;
use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Language, Script, ScriptDatabase, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium_model::user::User;
use scriptorium_model::{Actor, Ambient, Ctx, IdempotencyKey, Json, TenantId, Timestamp, UserId};
use scriptorium_store::{
    Accept, Commit, Dispatched, ExecutionFilter, ExecutionSummary, Finished, LeaseId, Operation,
    Options, PostgresOptions, ScriptFilter, ScriptSummary, Store, Written,
};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A clock that stands until it is moved.
pub(crate) struct VirtualClock(AtomicI64);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl VirtualClock {
    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

/// Bytes that never repeat and are the same in every run.
struct Seeded(AtomicU64);

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

/// The databases that the store behaves alike on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// A store in its own directory, or on its own database.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) ambient: Ambient,
    pub(crate) store: Store,
    /// The tenant most tests act in, as its administrator.
    pub(crate) ctx: Ctx,
    /// The stranger.
    pub(crate) other: Ctx,
    pub(crate) options: Options,
    /// Dropped last, when nobody is connected any more.
    pub(crate) server: Option<Server>,
}

/// A database in the private cluster of the tests.
pub(crate) type Server = scriptorium_testing::Database;

/// Where the virtual clock begins: 2026-11-21T00:00:00Z.
const START: &str = "2026-11-21T00:00:00Z";

impl World {
    /// On SQLite.
    pub(crate) async fn new() -> Self {
        Self::on(Database::Sqlite).await
    }

    pub(crate) async fn on(database: Database) -> Self {
        Self::with(database, logins).await
    }

    /// With every login, as business tables need them.
    pub(crate) async fn with_tables(database: Database) -> Self {
        Self::with(database, all_logins).await
    }

    async fn with(database: Database, logins: fn(&Server) -> PostgresOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path());
        let server = match database {
            Database::Sqlite => {
                let migrated = async |dir: PathBuf| open(&dir, &ambient(1).1).await.close().await;
                scriptorium_testing::copied("store", dir.path(), migrated).await;
                None
            }
            Database::Postgres => Some(server().await),
        };
        let passing = server
            .as_ref()
            .filter(|_| std::env::var_os(WITHOUT_SECURITY).is_some())
            .map(Passing::on);
        options.postgres = match &passing {
            Some(passing) => Some(passing.logins()),
            None => server.as_ref().map(logins),
        };
        let (clock, ambient) = ambient(1);
        let store = Store::open(options.clone(), ambient.clone()).await.unwrap();
        // Not before the store is open, which refuses such logins.
        if let Some(passing) = passing {
            passing.pass();
        }
        let ctx = tenant(&store, &ambient, "acme").await;
        let other = tenant(&store, &ambient, "globex").await;
        Self {
            dir,
            clock,
            ambient,
            store,
            ctx,
            other,
            options,
            server,
        }
    }

    /// Closes the store and opens it again, as a new process would.
    pub(crate) async fn reopen(self) -> Self {
        self.reopen_with(|_| ()).await
    }

    /// The same with other options.
    pub(crate) async fn reopen_with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self.store.close().await;
        self.store = Store::open(self.options.clone(), self.ambient.clone())
            .await
            .unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Moves the clock back, as the clock of another server may be.
    pub(crate) fn put_back(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.clock.0.fetch_sub(micros, Ordering::SeqCst);
    }

    /// A one-off script of the tenant, stored.
    pub(crate) async fn script(&self, name: &str) -> Script {
        self.add(&self.ctx, definition(name, Trigger::OneOff)).await
    }

    /// A script stored as a draft.
    pub(crate) async fn add(&self, ctx: &Ctx, definition: Definition) -> Script {
        let script = self.draft(ctx, definition);
        let created = self.store.create_script(ctx, &script, "first").await;
        created.unwrap();
        script
    }

    /// A script that is stored and active.
    pub(crate) async fn active(&self, ctx: &Ctx, definition: Definition) -> Script {
        let script = self.add(ctx, definition).await;
        let (from, to) = (ScriptStatus::Draft, ScriptStatus::Active);
        let set = self.store.set_status(ctx, script.id, from, to, None).await;
        set.unwrap()
    }

    /// A script that is not stored.
    pub(crate) fn draft(&self, ctx: &Ctx, definition: Definition) -> Script {
        script_of(&self.ambient, ctx, definition)
    }

    /// Puts everything that waits into the search index; how many documents.
    pub(crate) async fn index(&self) -> u32 {
        let mut documents = 0;
        loop {
            let indexed = self.store.index_pending().await.unwrap();
            documents += indexed.documents;
            if !indexed.more {
                return documents;
            }
        }
    }

    /// Delivers every event that waits.
    pub(crate) async fn dispatch(&self) -> Dispatched {
        let mut done = Dispatched::default();
        loop {
            let part = self.store.dispatch_events().await.unwrap();
            assert!(!part.failed);
            done += part;
            if !part.more {
                return done;
            }
        }
    }

    /// The first page of scripts.
    pub(crate) async fn scripts(&self, ctx: &Ctx, filter: &ScriptFilter) -> Vec<ScriptSummary> {
        let page = PageRequest::first();
        let list = self.store.list_scripts(ctx, filter, &page).await;
        list.unwrap().items
    }

    /// The first page of executions.
    pub(crate) async fn executions(
        &self,
        ctx: &Ctx,
        filter: &ExecutionFilter,
    ) -> Vec<ExecutionSummary> {
        let page = PageRequest::first();
        let list = self.store.list_executions(ctx, filter, &page).await;
        list.unwrap().items
    }

    /// A pending execution of a script, not stored.
    pub(crate) fn execution(&self, script: &Script) -> Execution {
        execution(&self.ambient, script)
    }

    /// A pending execution, stored.
    pub(crate) async fn pending(&self, ctx: &Ctx, script: &Script) -> Execution {
        let execution = self.execution(script);
        let inserted = self.store.insert_pending(ctx, execution.clone()).await;
        inserted.unwrap();
        execution
    }

    /// An execution that was never pending, stored as ended now.
    pub(crate) async fn finished(&self, ctx: &Ctx, script: &Script) -> Execution {
        let execution = completed(self.execution(script), self.now());
        let commit = self.record(ctx, execution.clone(), None).await;
        assert_eq!(commit.await.unwrap(), Written::Stored);
        execution
    }

    /// A session of PostgreSQL's superuser.
    pub(crate) async fn session(&self) -> PgConnection {
        let url = self.server.as_ref().unwrap().superuser();
        PgConnection::connect(&url).await.unwrap()
    }

    /// Holds up whoever leaves something in the audit trail of the tenant, which is the last thing that
    /// a change does, until the session commits.
    pub(crate) async fn hold(&self, ctx: &Ctx) -> PgConnection {
        let mut session = self.session().await;
        let head = format!(
            "begin; select from scriptorium.audit_heads where tenant_id = '{}' for update",
            ctx.tenant
        );
        run(&mut session, head).await;
        session
    }

    /// Waits until so many sessions wait for a lock that another one has.
    pub(crate) async fn waiting(&self, sessions: u32) {
        let server = self.server.as_ref().unwrap();
        let waiting = "select count(*) from pg_stat_activity \
            where datname = current_database() and wait_event_type = 'Lock'";
        let all = async {
            while server.psql(waiting) != sessions.to_string() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, all)
            .await
            .expect("they wait");
    }

    pub(crate) async fn record(
        &self,
        ctx: &Ctx,
        execution: Execution,
        lease: Option<LeaseId>,
    ) -> Commit {
        let finished = Finished {
            execution,
            lease,
            logs: Vec::new(),
            events: Vec::new(),
            notifications: Vec::new(),
            incidents: Vec::new(),
        };
        self.store.record(ctx, finished).await.unwrap()
    }
}

/// How long something may take that happens at once, or with a node's next look, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs statements in a session of PostgreSQL.
pub(crate) async fn run(session: &mut PgConnection, sql: String) {
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    sql.execute(session).await.unwrap();
}

pub(crate) async fn open(dir: &Path, ambient: &Ambient) -> Store {
    let opened = Store::open(Options::new(dir), ambient.clone()).await;
    opened.unwrap()
}

/// Set for a run of the suite whose logins pass row-level security.
pub(crate) const WITHOUT_SECURITY: &str = "SCRIPTORIUM_STORE_WITHOUT_SECURITY";
/// Logins of one database that may do what the others may, and pass row-level security.
struct Passing<'a> {
    server: &'a Server,
    name: String,
}

impl<'a> Passing<'a> {
    fn on(server: &'a Server) -> Self {
        let name = server.psql("select current_database()");
        for role in ["app", "script"] {
            server.psql(&format!("drop role if exists {name}_{role}"));
            server.psql(&format!(
                "create role {name}_{role} login in role {PREFIX}_{role}"
            ));
        }
        Self { server, name }
    }

    fn logins(&self) -> PostgresOptions {
        with_all(|role| {
            let watched = ["app", "script"].contains(&role);
            let prefix = if watched { &self.name } else { PREFIX };
            self.server.url(&format!("{prefix}_{role}"))
        })
    }

    fn pass(&self) {
        for role in ["app", "script"] {
            self.server
                .psql(&format!("alter role {}_{role} bypassrls", self.name));
        }
    }
}

/// The name that the logins of the tests begin with.
pub(crate) const PREFIX: &str = "scriptorium";
pub(crate) const KEY: [u8; 32] = [7; 32];

/// A database of its own with the schema and the logins.
pub(crate) async fn server() -> Server {
    Server::cloned("store", async |superuser| {
        Store::create_roles(&superuser, &KEY, PREFIX).await.unwrap();
        let options = PostgresOptions::derived(&superuser, &KEY, PREFIX).unwrap();
        Store::migrate(&options).await.unwrap();
    })
    .await
}

/// The logins that serve requests, and no other; leases end by the virtual clock.
pub(crate) fn logins(server: &Server) -> PostgresOptions {
    with_two(|role| server.url(&format!("{PREFIX}_{role}")))
}

fn with_two(url: impl Fn(&str) -> String) -> PostgresOptions {
    let mut options = PostgresOptions::new(&url("app"), &url("system")).unwrap();
    options.connections = 4;
    options.clock = scriptorium_store::Clock::Ambient;
    options
}

fn with_all(url: impl Fn(&str) -> String) -> PostgresOptions {
    let options = with_two(&url).with_script(&url("script")).unwrap();
    options.with_migrator(&url("migrator")).unwrap()
}

/// The logins that serve requests, that of scripts' own SQL and the owner of the schema.
pub(crate) fn all_logins(server: &Server) -> PostgresOptions {
    with_all(|role| server.url(&format!("{PREFIX}_{role}")))
}

/// A virtual clock at [`START`], and an ambient with it.
pub(crate) fn ambient(seed: u64) -> (Arc<VirtualClock>, Ambient) {
    let start: Timestamp = START.parse().unwrap();
    let clock = Arc::new(VirtualClock(AtomicI64::new(start.as_microsecond())));
    let entropy = Arc::new(Seeded(AtomicU64::new(seed)));
    let ambient = Ambient::new(Arc::<VirtualClock>::clone(&clock), entropy);
    (clock, ambient)
}

/// A tenant with an administrator; the context of that administrator.
pub(crate) async fn tenant(store: &Store, ambient: &Ambient, slug: &str) -> Ctx {
    let id: TenantId = ambient.new_id();
    let tenant = Tenant {
        id,
        slug: slug.into(),
        name: slug.to_uppercase(),
        created_at: ambient.now(),
    };
    let mut ctx = Ctx::platform(id);
    store.create_tenant(&ctx, &tenant).await.unwrap();
    let user = user(ambient, id, &format!("admin@{slug}.test"));
    store.create_user(&ctx, &user).await.unwrap();
    ctx.actor = Actor::User {
        id: user.id,
        session: None,
    };
    ctx
}

pub(crate) fn user(ambient: &Ambient, tenant: TenantId, email: &str) -> User {
    let id: UserId = ambient.new_id();
    User {
        id,
        tenant,
        email: email.into(),
        name: "Ada".into(),
        role: Role::OrgAdmin,
        extra_permissions: PermissionSet::from_names(["reports.view"]),
        password_hash: Some("$argon2id$x".into()),
        locale: "uz".into(),
        active: true,
        created_at: ambient.now(),
    }
}

pub(crate) fn definition(name: &str, trigger: Trigger) -> Definition {
    Definition {
        name: name.into(),
        description: format!("what {name} does"),
        source: "export default () => 1;".into(),
        language: Language::TypeScript,
        entry: Some("main".into()),
        trigger,
        limits: Limits {
            wall: Duration::from_millis(1_234),
            concurrency: 7,
            ..Limits::default()
        },
        input_schema: Some(Json::parse(r#"{"type":"object"}"#).unwrap()),
        output_schema: Some(Json::parse(r#"{"type":"number"}"#).unwrap()),
        allowed_services: Some(vec!["clients".into()]),
        library: false,
        compatibility: Some("2026-02-28".parse().unwrap()),
        database: ScriptDatabase::Replica,
        concurrency: None,
        run_as: None,
        tags: vec!["billing".into(), "отчёт".into()],
        metadata: [("team".to_owned(), "sales".to_owned())].into(),
    }
}

pub(crate) fn cron(cron: &str) -> Trigger {
    Trigger::Scheduled(Schedule::new(cron, "Asia/Tashkent"))
}

pub(crate) fn http(path: &str, methods: &[Method]) -> Trigger {
    Trigger::Http(Endpoint {
        permission: Some("reports.view".into()),
        ..Endpoint::new(path, methods, EndpointAuth::Public)
    })
}

pub(crate) fn on(types: &[&str]) -> Trigger {
    Trigger::Event(Subscription::to(types.iter().copied()))
}

/// A script that is not stored.
pub(crate) fn script_of(ambient: &Ambient, ctx: &Ctx, definition: Definition) -> Script {
    let (user, now) = (ctx.actor.user(), ambient.now());
    Script {
        id: ambient.new_id(),
        tenant: ctx.tenant,
        definition,
        status: ScriptStatus::Draft,
        version: 1,
        owner: user,
        updated_by: user,
        activated_by: None,
        created_by: user,
        created_at: now,
        updated_at: now,
        paused_reason: None,
    }
}

pub(crate) fn execution(ambient: &Ambient, script: &Script) -> Execution {
    let new = NewExecution {
        id: ambient.new_id(),
        tenant: script.tenant,
        script: script.id,
        script_name: script.name.clone(),
        version: script.version,
        trigger: TriggerKind::Manual,
        input: Json::parse(r#"{"a":[1,2]}"#).unwrap(),
        at: ambient.now(),
    };
    Execution {
        trigger_data: Some(Json::parse(r#"{"by":"hand"}"#).unwrap()),
        ..Execution::pending(new)
    }
}

/// An execution as it is asked for under a key; what is asked for is told by a number.
pub(crate) fn keyed(mut execution: Execution, key: &str, request: u8) -> Accept {
    execution.idempotency_key = Some(key.into());
    Accept {
        key: Some(key_of("somebody", key, request)),
        ..execution.into()
    }
}

pub(crate) fn key_of(caller: &str, key: &str, request: u8) -> IdempotencyKey {
    IdempotencyKey {
        caller: caller.into(),
        key: key.into(),
        request: [request; 32],
    }
}

/// An event that a script could not deal with, not stored.
pub(crate) fn dead_letter(world: &World, script: &Script) -> DeadLetter {
    DeadLetter {
        id: world.ambient.new_id(),
        tenant: script.tenant,
        script: script.id,
        script_name: script.name.clone(),
        execution: None,
        event: world.ambient.new_id(),
        event_type: "order.created".into(),
        payload: Json::parse(r#"{"total":1}"#).unwrap(),
        cause: Cause {
            code: "script.threw".into(),
            message: "no such client".into(),
            stack: Some("at handleEvent (script:3:1)".into()),
        },
        attempts: 4,
        max_attempts: 4,
        status: DeadLetterStatus::Pending,
        next_retry_at: None,
        last_retry_at: None,
        created_at: world.now(),
        failed_at: world.now(),
    }
}

/// A message to somebody that waits to be sent, not stored.
pub(crate) fn notification(world: &World, ctx: &Ctx, script: &Script) -> Notification {
    Notification {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        script: script.id,
        script_name: script.name.clone(),
        execution: world.ambient.new_id(),
        channel: Channel::Email,
        recipient: "ada@example.com".into(),
        subject: Some("Your receipt".into()),
        content: Json::parse(r#"{"to":["ada@example.com"],"text":"Thank you"}"#).unwrap(),
        metadata: Json::parse("{}").unwrap(),
        status: NotificationStatus::Pending,
        attempts: 0,
        next_at: world.now(),
        error: None,
        created_at: world.now(),
        settled_at: None,
    }
}

/// An operation on all executions that are there, not stored.
pub(crate) fn operation(world: &World, ctx: &Ctx, kind: OperationKind) -> Operation {
    Operation {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind,
        state: OperationState::Running,
        filter: ExecutionFilter::default(),
        pace: Pace::default(),
        total: 1,
        done: 0,
        failed: 0,
        problems: Vec::new(),
        after: None,
        user: ctx.actor.user(),
        token: None,
        grant: PermissionSet::from_names(["scripts.execute"]),
        created_at: world.now(),
        next_at: world.now(),
        completed_at: None,
        reason: None,
    }
}

/// The same execution, ended well.
pub(crate) fn completed(mut execution: Execution, at: Timestamp) -> Execution {
    execution.status = ExecutionStatus::Completed;
    execution.output = Some(Json::parse(r#"{"ok":true}"#).unwrap());
    execution.started_at = Some(at);
    execution.completed_at = Some(at);
    execution.metrics = Metrics {
        queued: Duration::from_micros(11),
        duration: Duration::from_micros(22),
        cpu: Duration::from_micros(33),
        memory_peak_bytes: 44,
        api_calls: 55,
        db_queries: 66,
        dropped_logs: 77,
    };
    execution
}

/// Asserts that an operation was refused as a conflict of this kind.
#[track_caller]
pub(crate) fn assert_conflict<T: std::fmt::Debug>(
    result: scriptorium_store::Result<T>,
    expected: (&str, &str),
) {
    match result {
        Err(scriptorium_store::Error::Conflict { what, field }) => {
            assert_eq!((what, field), expected);
        }
        other => panic!("expected a conflict {expected:?}, got {other:?}"),
    }
}

/// Asserts that a thing was not found.
#[track_caller]
pub(crate) fn assert_missing<T: std::fmt::Debug>(result: scriptorium_store::Result<T>) {
    assert!(
        matches!(result, Err(scriptorium_store::Error::NotFound)),
        "expected not found, got {result:?}"
    );
}
