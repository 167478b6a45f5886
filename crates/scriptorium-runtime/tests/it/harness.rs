//! A runtime with a store, one tenant, a clock that stands still, and two services to call.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::execution::{Execution, NewExecution, TriggerKind};
use scriptorium_model::limits::Limits;
use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium_model::secret::SecretChange;
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::user::User;
use scriptorium_model::{Ambient, Ctx, Json, Timestamp};
use scriptorium_runtime::{
    Bundle, Call, Change, Job, Options, Principal, Runtime, Service, ServiceError, UserFacts,
};
use scriptorium_store::tenant_data::{Column, ColumnType, Table, TenantSchema};
use scriptorium_store::{PostgresOptions, Store};
use serde_json::{Value, json};

/// The instant every test happens at: no whole millisecond, which scripts are not to notice.
pub(crate) const NOW: &str = "2026-03-01T04:05:06.007650Z";

pub(crate) struct Harness {
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
    pub(crate) ambient: Ambient,
    pub(crate) tenant: Tenant,
    pub(crate) user: User,
    _temporary: Option<tempfile::TempDir>,
    /// Dropped last, when nobody is connected any more.
    _server: Option<scriptorium_testing::Database>,
}

/// What the store is on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

/// Different bytes at every call, the same in every run of the test.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            let mixed = (next + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

pub(crate) fn options() -> Options {
    Options {
        // The compiled engine of this prelude, shared by all tests.
        cache_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine")),
        hot_slots: 4,
        overflow_slots: 28,
        services: vec![demo(), hidden()],
        templates: [("welcome".to_owned(), "Welcome, {{ name }}!".to_owned())].into(),
        permissions: vec!["reports.view".to_owned()],
        ..Options::default()
    }
}

impl Harness {
    pub(crate) async fn new() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        Self::on(Database::Sqlite, options).await
    }

    pub(crate) async fn on(database: Database, options: Options) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(server().await),
        };
        let logins = server.as_ref().map(logins);
        let mut harness = Self::open_on(temporary.path(), logins, options).await;
        harness._temporary = Some(temporary);
        harness._server = server;
        harness
    }

    /// A harness over a directory that may have been used before.
    pub(crate) async fn open(dir: &Path, options: Options) -> Self {
        Self::open_on(dir, None, options).await
    }

    async fn open_on(dir: &Path, logins: Option<PostgresOptions>, options: Options) -> Self {
        let ambient = Ambient::new(Arc::new(Still), Arc::new(Counter::default()));
        let store = open_store(dir, logins, &ambient).await;
        let tenant = match store.find_tenant_by_slug("default").await.unwrap() {
            Some(tenant) => tenant,
            None => create_tenant(&store, &ambient, "default").await,
        };
        let ctx = Ctx::platform(tenant.id);
        let user = match store.list_users(&ctx).await.unwrap().pop() {
            Some(user) => user,
            None => create_user(&store, &ctx, &ambient, "ada@example.com").await,
        };
        keep_secrets(&store, &ambient, &ctx).await;
        let data = store.tenant_data(tables()).unwrap();
        store.make_tables(&data).await.unwrap();
        let options = Options {
            data: Some(options.data.unwrap_or(data)),
            ..options
        };
        let runtime = Runtime::new(options, store.clone(), ambient.clone()).unwrap();
        Self {
            runtime,
            store,
            ambient,
            tenant,
            user,
            _temporary: None,
            _server: None,
        }
    }

    /// The same in another tenant, which is made.
    pub(crate) async fn in_tenant(self, slug: &str) -> Self {
        let tenant = create_tenant(&self.store, &self.ambient, slug).await;
        let ctx = Ctx::platform(tenant.id);
        let user = create_user(&self.store, &ctx, &self.ambient, "grace@example.com").await;
        Self {
            tenant,
            user,
            ..self
        }
    }

    /// The same runtime as another tenant meets it, which is made.
    pub(crate) async fn neighbour(&self, slug: &str) -> Self {
        let same = Self {
            runtime: self.runtime.clone(),
            store: self.store.clone(),
            ambient: self.ambient.clone(),
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            _temporary: None,
            _server: None,
        };
        same.in_tenant(slug).await
    }

    pub(crate) fn ctx(&self) -> Ctx {
        Ctx::platform(self.tenant.id)
    }

    /// The tenant has secrets to read, and one that is not for its script.
    pub(crate) async fn keep_secrets(&self) {
        keep_secrets(&self.store, &self.ambient, &self.ctx()).await;
    }

    /// A job of an unsaved script, run by Ada with all rights of the tenant.
    pub(crate) fn job(&self, source: &str, trigger: Trigger, call: Call) -> Job {
        let definition = definition("test script", source, trigger);
        let execution = self.execution(&definition);
        Job {
            tenant: self.tenant.clone(),
            script: execution.script,
            definition: Arc::new(definition),
            libraries: Ok(Bundle::default()),
            execution,
            principal: Principal {
                user: Some(UserFacts::from(&self.user)),
                permissions: PermissionSet::all(),
            },
            call,
            timeout: None,
            stream: None,
            locale: "en".to_owned(),
            timezone: "Asia/Tashkent".to_owned(),
            origin: Some(scriptorium_model::Origin {
                request_id: Some("request-1".to_owned()),
                ..Default::default()
            }),
            by_operator: false,
            transaction: None,
            services: Default::default(),
        }
    }

    pub(crate) fn main(&self, source: &str) -> Job {
        self.job(source, Trigger::OneOff, Call::Main(Json::null()))
    }

    /// A pending execution that is not stored yet.
    pub(crate) fn execution(&self, definition: &Definition) -> Execution {
        Execution::pending(NewExecution {
            id: self.ambient.new_id(),
            tenant: self.tenant.id,
            script: self.ambient.new_id(),
            script_name: definition.name.clone(),
            version: 1,
            trigger: TriggerKind::Manual,
            input: Json::null(),
            at: self.ambient.now(),
        })
    }

    /// A stored script, active, written and activated by Ada.
    pub(crate) async fn script(&self, definition: Definition) -> Script {
        let now = self.ambient.now();
        let script = Script {
            id: self.ambient.new_id(),
            tenant: self.tenant.id,
            definition,
            status: ScriptStatus::Active,
            version: 1,
            owner: Some(self.user.id),
            updated_by: Some(self.user.id),
            activated_by: Some(self.user.id),
            created_by: Some(self.user.id),
            created_at: now,
            updated_at: now,
            paused_reason: None,
        };
        self.store
            .create_script(&self.ctx(), &script, "")
            .await
            .unwrap();
        script
    }

    /// Puts an execution of a stored script into the queue.
    pub(crate) async fn enqueue(&self, script: &Script, input: Value) -> Execution {
        let execution = Execution {
            script: script.id,
            attempt: 0,
            triggered_by: Some(self.user.id),
            input: input.into(),
            ..self.execution(&script.definition)
        };
        self.enqueue_as(execution).await
    }

    pub(crate) async fn enqueue_as(&self, execution: Execution) -> Execution {
        self.store
            .insert_pending(&self.ctx(), execution.clone())
            .await
            .unwrap();
        self.runtime.wake();
        execution
    }

    /// Waits until an execution in the store has ended.
    pub(crate) async fn ended(&self, execution: &Execution) -> Execution {
        self.until(execution, |stored| stored.status.is_final())
            .await
    }

    pub(crate) async fn until(
        &self,
        execution: &Execution,
        reached: impl Fn(&Execution) -> bool,
    ) -> Execution {
        let poll = async {
            loop {
                let found = self.store.find_execution(&self.ctx(), execution.id).await;
                let found = found.unwrap();
                if reached(&found) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), poll)
            .await
            .expect("the execution does not get there")
    }
}

pub(crate) fn definition(name: &str, source: &str, trigger: Trigger) -> Definition {
    Definition {
        name: name.to_owned(),
        description: String::new(),
        source: source.to_owned(),
        language: Language::JavaScript,
        entry: None,
        trigger,
        limits: Limits {
            wall: Duration::from_secs(10),
            ..Limits::default()
        },
        input_schema: None,
        output_schema: None,
        compatibility: Some(Change::StorageInTransactions.since()),
        database: Default::default(),
        allowed_services: None,
        library: false,
        concurrency: None,
        run_as: None,
        tags: Vec::new(),
        metadata: Default::default(),
    }
}

/// A runtime that was dropped lets go of the directory when its last guest is gone.
async fn open_store(dir: &Path, logins: Option<PostgresOptions>, ambient: &Ambient) -> Store {
    let mut tries = 0;
    loop {
        let mut options = scriptorium_store::Options::new(dir);
        options.postgres = logins.clone();
        match Store::open(options, ambient.clone()).await {
            Ok(store) => return store,
            Err(error) if tries == 200 => panic!("{error}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A database of its own with the schema and the logins.
async fn server() -> scriptorium_testing::Database {
    scriptorium_testing::Database::cloned("runtime", async |superuser| {
        Store::create_roles(&superuser, &KEY, PREFIX).await.unwrap();
        let options = PostgresOptions::derived(&superuser, &KEY, PREFIX).unwrap();
        Store::migrate(&options).await.unwrap();
    })
    .await
}

/// The name that the logins of the tests begin with.
const PREFIX: &str = "scriptorium";
const KEY: [u8; 32] = [7; 32];

/// Every login; leases end by the clock of the tests.
fn logins(server: &scriptorium_testing::Database) -> PostgresOptions {
    let url = |role: &str| server.url(&format!("{PREFIX}_{role}"));
    let mut options = PostgresOptions::new(&url("app"), &url("system")).unwrap();
    options.connections = 4;
    options.clock = scriptorium_store::Clock::Ambient;
    let options = options.with_script(&url("script")).unwrap();
    options.with_migrator(&url("migrator")).unwrap()
}

async fn create_tenant(store: &Store, ambient: &Ambient, slug: &str) -> Tenant {
    let tenant = Tenant {
        id: ambient.new_id(),
        slug: slug.to_owned(),
        name: "Default".to_owned(),
        created_at: ambient.now(),
    };
    store
        .create_tenant(&Ctx::platform(tenant.id), &tenant)
        .await
        .unwrap();
    tenant
}

pub(crate) async fn create_user(store: &Store, ctx: &Ctx, ambient: &Ambient, email: &str) -> User {
    let user = User {
        id: ambient.new_id(),
        tenant: ctx.tenant,
        email: email.to_owned(),
        name: "Ada Lovelace".to_owned(),
        role: Role::OrgAdmin,
        extra_permissions: PermissionSet::none(),
        password_hash: None,
        locale: "en".to_owned(),
        active: true,
        created_at: ambient.now(),
    };
    store.create_user(ctx, &user).await.unwrap();
    user
}

/// Secrets to read, and those that are not for the script.
async fn keep_secrets(store: &Store, ambient: &Ambient, ctx: &Ctx) {
    let value = |value: &str| SecretChange {
        value: Some(value.to_owned()),
        ..SecretChange::default()
    };
    let until = ambient.now() + Duration::from_secs(60);
    let rotated = SecretChange {
        keep_previous_until: Some(until),
        ..value("the second value")
    };
    let others = SecretChange {
        scripts: Some(Some(vec![ambient.new_id()])),
        ..value("for another script")
    };
    for (name, change) in [
        ("stripe", value("sk_live/51+H?abcdef")),
        ("short", value("1234567")),
        ("rotated", value("the first value")),
        ("rotated", rotated),
        ("others", others),
    ] {
        store.put_secret(ctx, name, &change).await.unwrap();
    }
}

/// Business tables: one that scripts change, one that they read, one that takes a permission, one
/// that is not for them.
fn tables() -> TenantSchema {
    let table = |name: &str| {
        Table::new(name)
            .column("id", ColumnType::Uuid)
            .column("name", ColumnType::Text)
            .optional("total", ColumnType::Integer)
            .optional("paid", ColumnType::Boolean)
            .optional("due", ColumnType::Timestamp)
            .optional("extra", ColumnType::Json)
    };
    let unique = |table: Table| {
        table.with(Column {
            name: "number".into(),
            ty: ColumnType::Text,
            nullable: true,
            unique: true,
        })
    };
    TenantSchema {
        tables: vec![
            unique(table("orders")).written_by_scripts(),
            table("products").read_by_scripts(),
            table("ledger")
                .written_by_scripts()
                .scripts_need("ledger.read", "ledger.write"),
            table("salaries"),
            Table::new("prices")
                .column("id", ColumnType::Uuid)
                .column(
                    "price",
                    ColumnType::Decimal {
                        precision: 12,
                        scale: 2,
                    },
                )
                .written_by_scripts(),
        ],
    }
}

fn demo() -> Service {
    Service::new("demo", "What the tests call.")
        .types("interface Echo { args: any[]; tenant: string }")
        .method(
            "echo",
            "...args: any[]",
            "Promise<Echo>",
            "Gives back what it was given.",
            async |call| Ok(json!({ "args": call.args, "tenant": call.ctx.tenant.to_string() })),
        )
        .method(
            "refuse",
            "",
            "Promise<never>",
            "Fails with everything an error can have.",
            async |_| {
                Err(ServiceError::new("OUT_OF_STOCK", "there is none left")
                    .field("quantity")
                    .details(json!({ "available": 0 })))
            },
        )
        .method("explode", "", "Promise<never>", "Panics.", async |_| {
            panic!("the secret path /etc/host")
        })
        .method(
            "secret",
            "",
            "Promise<string>",
            "Asks for a permission.",
            async |_| Ok(json!("42")),
        )
        .requires("demo.secret")
        .method(
            "wait",
            "millis: number",
            "Promise<number>",
            "Answers later.",
            async |call| {
                let millis = call.arg(0).as_u64().unwrap_or_default();
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(json!(millis))
            },
        )
        .dry_run(async |call| Ok(json!({ "instead_of": call.arg(0), "dry": call.dry_run })))
}

fn hidden() -> Service {
    Service::new("hidden", "Not allowed to everybody.")
        .method("peek", "", "Promise<boolean>", "Peeks.", async |_| {
            Ok(json!(true))
        })
        .reads_only()
}
