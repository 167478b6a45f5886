//! A seeded platform in a folder or on a database of its own, and the few things that tests do with
//! it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use scriptorium::model::ambient::{Clock, Entropy};
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::{Actor, Ambient, Ctx, Json, Timestamp};
use scriptorium::{
    Builder, EndpointBody, EndpointRefusal, EndpointReply, EndpointRequest, Execute, Mode,
    Platform, TenantHandle, database,
};
use scriptorium_testing::Database as Server;
use serde_json::{Value, json};

/// Monday, eight in the morning.
pub(crate) const START: &str = "2026-03-02T08:00:00Z";

pub(crate) struct World {
    pub(crate) platform: Platform,
    clock: Arc<HandClock>,
    _folder: tempfile::TempDir,
    /// Dropped last, when nobody is connected any more.
    _server: Option<Server>,
}

/// The databases that the business behaves alike on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// Tells the time that a test has set.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that never repeat and are the same in every test.
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
    }
}

impl World {
    pub(crate) async fn on(database: Database) -> Self {
        Self::with(database, scriptorium_erp::install).await
    }

    /// With the business as it is declared here.
    pub(crate) async fn with(database: Database, declare: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start: Timestamp = START.parse().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(start.as_millisecond())));
        let ambient = Ambient::new(clock.clone(), Arc::new(Counter(AtomicU64::new(1))));
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(server().await),
        };
        let mut builder = Platform::builder()
            .data_dir(folder.path())
            // The compiled engine is the same for every test.
            .cache_dir(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine"))
            .ambient(ambient)
            .slots(4, 0)
            .triggers(false);
        if let Some(server) = &server {
            builder = builder.database(logins(server));
        }
        let platform = declare(builder).start().await.unwrap();
        scriptorium_erp::seed(&platform, None).await.unwrap();
        Self {
            platform,
            clock,
            _folder: folder,
            _server: server,
        }
    }

    /// Moves the clock on.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn tenant(&self, slug: &str) -> TenantHandle {
        self.platform.tenant(slug).await.unwrap()
    }

    pub(crate) async fn default(&self) -> TenantHandle {
        self.tenant("default").await
    }

    /// The context of a signed-in user.
    pub(crate) async fn user(&self, slug: &str, email: &str) -> Ctx {
        let tenant = self.tenant(slug).await;
        let users = self.platform.users().list(tenant.ctx()).await.unwrap();
        let user = users.into_iter().find(|user| user.email == email).unwrap();
        Ctx {
            tenant: tenant.tenant().id,
            actor: Actor::User {
                id: user.id,
                session: None,
            },
            permissions: user.permissions(),
            origin: None,
        }
    }

    /// Runs a script by hand.
    pub(crate) async fn execute(&self, slug: &str, name: &str, input: Value) -> Execution {
        self.run(slug, name, input, None).await
    }

    /// Runs some source with all services, as a trial of `hello`; gives its output.
    pub(crate) async fn trial(&self, slug: &str, source: &str) -> Value {
        let execution = self
            .run(slug, "hello", Value::Null, Some(source.to_owned()))
            .await;
        output(&execution)
    }

    /// What an expression gives; of a thrown error its code, field and message.
    pub(crate) async fn evaluate(&self, slug: &str, expression: &str) -> Value {
        let source = format!(
            "async function main() {{
               try {{ return {{ value: await ({expression}) }}; }}
               catch (e) {{ return {{ code: e.code, field: e.field, message: e.message }}; }}
             }}"
        );
        self.trial(slug, &source).await
    }

    async fn run(&self, slug: &str, name: &str, input: Value, source: Option<String>) -> Execution {
        let tenant = self.tenant(slug).await;
        let script = self
            .platform
            .scripts()
            .find_by_name(tenant.ctx(), name)
            .await
            .unwrap();
        let execute = Execute {
            source,
            trigger: TriggerKind::Manual,
            ..Execute::new(script.id, Json::from(input), Mode::Sync)
        };
        self.platform
            .executions()
            .execute(tenant.ctx(), execute)
            .await
            .unwrap()
    }

    /// Sends a request to an endpoint of `default`.
    pub(crate) async fn request(
        &self,
        caller: Option<&Ctx>,
        request: Request<'_>,
    ) -> Result<EndpointReply, EndpointRefusal> {
        let tenant = self.default().await.tenant().id;
        let headers = request.headers.iter();
        let request = EndpointRequest {
            method: request.method.to_owned(),
            path: request.path.to_owned(),
            query: request.query.map(str::to_owned),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: request.body.as_bytes().to_vec().into(),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            url: format!("http://127.0.0.1/api/scripts{}", request.path),
        };
        self.platform
            .endpoints()
            .handle(tenant, caller, request)
            .await
    }

    /// Rows of a query on the business tables.
    pub(crate) async fn rows(&self, slug: &str, sql: &str) -> Vec<Value> {
        let tenant = self.tenant(slug).await;
        let rows = tenant
            .data()
            .query(tenant.ctx(), sql, Vec::new())
            .await
            .unwrap();
        rows.into_iter().map(Value::Object).collect()
    }

    /// The first row of a query on the business tables of `default`.
    pub(crate) async fn row(&self, sql: &str) -> Value {
        self.rows("default", sql).await.into_iter().next().unwrap()
    }

    /// Payloads of the events of a type in `default`.
    pub(crate) async fn events(&self, kind: &str) -> Vec<Value> {
        let source = scriptorium::EventFilter {
            kind: Some(kind.to_owned()),
        };
        let page = scriptorium::model::page::PageRequest::new(Some(200), None).unwrap();
        let tenant = self.default().await;
        let events = self
            .platform
            .events()
            .list(tenant.ctx(), &source, &page)
            .await
            .unwrap();
        events
            .items
            .iter()
            .map(|event| event.payload.to_value())
            .collect()
    }

    /// The payload of the only event of a type in `default`, which may come a moment after what it tells of.
    pub(crate) async fn event(&self, kind: &str) -> Value {
        let come = async {
            loop {
                let events = self.events(kind).await;
                if let [event] = &events[..] {
                    return event.clone();
                }
                assert_eq!(events.len(), 0, "{kind}");
                tokio::task::yield_now().await;
            }
        };
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, come).await.unwrap()
    }

    /// A value of `default`'s storage.
    pub(crate) async fn stored(&self, key: &str) -> Value {
        let tenant = self.default().await;
        let entry = self
            .platform
            .storage()
            .get(tenant.ctx(), key)
            .await
            .unwrap();
        entry.map_or(Value::Null, |entry| entry.value.to_value())
    }

    pub(crate) async fn store(&self, key: &str, value: Value) {
        let tenant = self.default().await;
        let storage = self.platform.storage();
        storage
            .set(tenant.ctx(), key, Json::from(value), None)
            .await
            .unwrap();
    }
}

/// A database with the platform's tables and logins.
async fn server() -> Server {
    Server::cloned("erp", async |superuser| {
        let folder = tempfile::tempdir().unwrap();
        let superuser = database::Database {
            url: superuser,
            ..database::Database::default()
        };
        let made = database::create_roles(folder.path(), &superuser).await;
        made.unwrap();
    })
    .await
}

fn logins(server: &Server) -> database::Database {
    let url = |role: &str| server.url(&format!("scriptorium_{role}"));
    database::Database {
        url: url("app"),
        system: Some(url("system")),
        script: Some(url("script")),
        migrator: Some(url("migrator")),
        prefix: None,
        replica: None,
    }
}

/// A request to an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

/// The output of an execution that must have completed.
#[track_caller]
pub(crate) fn output(execution: &Execution) -> Value {
    assert_eq!(
        execution.status,
        ExecutionStatus::Completed,
        "{:?}",
        execution.failure
    );
    execution.output.as_ref().unwrap().to_value()
}

/// The JSON body of an answer, under its status.
pub(crate) fn body(reply: &EndpointReply) -> (u16, Value) {
    let EndpointBody::Whole(body) = &reply.body else {
        panic!("{reply:?}")
    };
    let body = serde_json::from_slice(body);
    (reply.status, body.unwrap_or(json!(null)))
}
