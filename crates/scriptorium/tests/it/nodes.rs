//! Two servers on one PostgreSQL database: whatever a person does at one holds at the other.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{Execution, ExecutionStatus};
use scriptorium::model::halt::HaltScope;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::{Script, ScriptStatus};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium::model::{Ctx, Uuid};
use scriptorium::tenant_data::{ColumnType, Table};
use scriptorium::{
    Builder, Database, EndpointRequest, Execute, ExecutionFilter, Live, Mode, NewEvent, Platform,
    TenantSchema, WhichHalt, database,
};
use scriptorium_testing::Database as Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::world::{definition, json as doc};

/// How long something may take that happens at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Servers in the order of their names; the first takes requests only, the second also works.
struct Cluster {
    servers: [Platform; 2],
    ctx: Ctx,
    dirs: [TempDir; 2],
    /// Dropped last, when nobody is connected any more.
    database: Server,
}

impl Cluster {
    async fn new() -> Self {
        let database = Server::cloned("platform", async |superuser| {
            let dir = tempfile::tempdir().unwrap();
            let superuser = Database {
                url: superuser,
                ..Database::default()
            };
            database::create_roles(dir.path(), &superuser)
                .await
                .unwrap();
        })
        .await;
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let first = start(&database, &dirs[0], "first", false).await;
        share_keys(&dirs[0], &dirs[1]);
        let second = start(&database, &dirs[1], "second", true).await;
        let ctx = first.tenant("default").await.unwrap().ctx().clone();
        Self {
            servers: [first, second],
            ctx,
            dirs,
            database,
        }
    }

    async fn active(&self, trigger: Trigger, source: &str) -> Script {
        let scripts = self.servers[0].scripts();
        let made = scripts
            .create(&self.ctx, definition("abc", trigger, source), "")
            .await
            .unwrap();
        let active = ScriptStatus::Active;
        scripts
            .set_status(&self.ctx, made.id, active, None)
            .await
            .unwrap()
    }

    /// Asks the first server, whose queue nobody works on there.
    async fn ask(&self, script: &Script) -> Execution {
        let asked = Execute::new(script.id, doc(json!({})), Mode::Async);
        let executions = self.servers[0].executions();
        executions.execute(&self.ctx, asked).await.unwrap()
    }

    /// Watches at the first server what runs at the second.
    async fn ended(&self, started: &Execution) -> Execution {
        let executions = self.servers[0].executions();
        let stream = executions.watch(&self.ctx, started.id).await.unwrap();
        let items = tokio::time::timeout(PATIENCE, stream.map(Result::unwrap).collect::<Vec<_>>());
        let Some(Live::Done(ended)) = items.await.unwrap().into_iter().next_back() else {
            panic!("the last item is the end")
        };
        *ended
    }

    async fn stop(self) {
        for server in self.servers {
            server.shutdown(Duration::from_secs(5)).await;
        }
    }
}

/// Servers of one database share their keys, which are kept outside of it.
fn share_keys(from: &TempDir, to: &TempDir) {
    let keys = |dir: &TempDir| dir.path().join("keys");
    std::fs::create_dir(keys(to)).unwrap();
    for file in std::fs::read_dir(keys(from)).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), keys(to).join(file.file_name())).unwrap();
    }
}

async fn start(server: &Server, dir: &TempDir, name: &str, triggers: bool) -> Platform {
    let set_up = builder(server, dir, name).triggers(triggers);
    set_up.start().await.unwrap()
}

fn logins(server: &Server) -> Database {
    Database {
        url: server.url("scriptorium_app"),
        system: Some(server.url("scriptorium_system")),
        ..Database::default()
    }
}

fn builder(server: &Server, dir: &TempDir, name: &str) -> Builder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine");
    Platform::builder()
        .data_dir(dir.path())
        .database(logins(server))
        .node_name(name)
        .cache_dir(cache)
        .admin_password("correct horse")
        .slots(8, 8)
}

#[tokio::test]
async fn an_endpoint_answers_at_every_server_as_soon_as_it_is_active() {
    let cluster = Cluster::new().await;
    let other = &cluster.servers[1];
    let tenant = cluster.ctx.tenant;
    let get = || EndpointRequest {
        method: "GET".into(),
        path: "/hello".into(),
        query: None,
        headers: vec![],
        body: Bytes::new(),
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        url: "http://localhost/hello".into(),
    };
    assert!(other.endpoints().handle(tenant, None, get()).await.is_err());
    let endpoint = Endpoint::new("/hello", &[Method::Get], EndpointAuth::Public);
    let script = cluster
        .active(Trigger::Http(endpoint), "return { status: 201 }")
        .await;
    let answered = async {
        loop {
            if let Ok(reply) = other.endpoints().handle(tenant, None, get()).await {
                return reply.status;
            }
            tokio::task::yield_now().await;
        }
    };
    let status = tokio::time::timeout(PATIENCE, answered).await.unwrap();
    assert_eq!(status, 201);
    let paused = ScriptStatus::Paused;
    let scripts = other.scripts();
    scripts
        .set_status(&cluster.ctx, script.id, paused, None)
        .await
        .unwrap();
    let gone = async {
        let first = &cluster.servers[0];
        while first.endpoints().handle(tenant, None, get()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    cluster.stop().await;
}

#[tokio::test]
async fn what_one_server_accepts_another_runs_shows_and_stops() {
    let cluster = Cluster::new().await;
    let quick = cluster.active(Trigger::OneOff, "return 7").await;
    let started = cluster.ask(&quick).await;
    let ended = cluster.ended(&started).await;
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );

    let scripts = cluster.servers[1].scripts();
    let endless = definition("def", Trigger::OneOff, "for (;;);");
    let endless = scripts.create(&cluster.ctx, endless, "").await.unwrap();
    let active = ScriptStatus::Active;
    let endless = scripts
        .set_status(&cluster.ctx, endless.id, active, None)
        .await
        .unwrap();
    let started = cluster.ask(&endless).await;
    let executions = cluster.servers[0].executions();
    let running = async {
        while executions
            .find(&cluster.ctx, started.id)
            .await
            .unwrap()
            .status
            != ExecutionStatus::Running
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, running).await.unwrap();
    executions.cancel(&cluster.ctx, started.id).await.unwrap();
    let ended = cluster.ended(&started).await;
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
    cluster.stop().await;
}

#[tokio::test]
async fn who_signs_out_at_one_server_is_signed_out_at_all() {
    let cluster = Cluster::new().await;
    let [first, second] = &cluster.servers;
    let signed_in = first
        .sign_in("admin@localhost", "correct horse", None, None)
        .await
        .unwrap();
    let seen = second
        .authenticate_session(&signed_in.secret)
        .await
        .unwrap();
    let caller = seen.expect("the session holds at the other server");
    let nodes = second.nodes(&caller.ctx).await.unwrap();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    assert!(nodes.iter().all(|node| node.id != Uuid::nil()));
    second.sign_out(&caller.ctx).await.unwrap();
    let gone = first.authenticate_session(&signed_in.secret).await.unwrap();
    assert!(gone.is_none());
    cluster.stop().await;
}

/// Business tables are in the database that the servers share: what one writes the other reads.
#[tokio::test]
async fn servers_share_the_business_tables() {
    let cluster = Cluster::new().await;
    let schema = || TenantSchema {
        tables: vec![
            Table::new("clients")
                .column("id", ColumnType::Text)
                .key(["id"]),
        ],
    };
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    dirs.iter()
        .for_each(|dir| share_keys(&cluster.dirs[0], dir));
    let [first, second] = dirs.each_ref().map(|dir| {
        let database = Database {
            script: Some(cluster.database.url("scriptorium_script")),
            migrator: Some(cluster.database.url("scriptorium_migrator")),
            ..logins(&cluster.database)
        };
        let builder = builder(&cluster.database, dir, "with tables").database(database);
        builder.triggers(false).tenant_schema(schema()).start()
    });
    let (first, second) = tokio::join!(first, second);
    let [first, second] = [first.unwrap(), second.unwrap()];
    let one = first.tenant("default").await.unwrap();
    let other = second.tenant("default").await.unwrap();
    let insert = "insert into clients (id) values ($1)";
    let written = one.data().execute(one.ctx(), insert, vec![json!("c1")]);
    assert_eq!(written.await.unwrap(), 1);
    let select = "select * from clients";
    let rows = other.data().query(other.ctx(), select, vec![]).await;
    let rows: Vec<_> = rows.unwrap().into_iter().map(Value::Object).collect();
    assert_eq!(rows, [json!({ "id": "c1" })]);
    for server in [first, second] {
        server.shutdown(Duration::from_secs(5)).await;
    }
    cluster.stop().await;
}

/// The server that is halted from elsewhere also stops what callers wait for there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_halted_at_one_server_is_halted_at_the_other() {
    let cluster = Cluster::new().await;
    let [first, second] = &cluster.servers;
    let own = WhichHalt {
        scope: HaltScope::Tenant,
        tenant: None,
        trigger: None,
    };
    let endless = cluster
        .active(Trigger::OneOff, "console.log('on'); for (;;);")
        .await;
    let sync = Execute::new(endless.id, doc(json!({})), Mode::Sync);
    let (there, ctx, asked) = (second.clone(), cluster.ctx.clone(), sync.clone());
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { there.executions().execute(&ctx, asked).await });
    let running = async {
        while second.status().runtime.running == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, running).await.unwrap();
    let halts = first.halts();
    halts
        .put(&cluster.ctx, &own, "it loops", true)
        .await
        .unwrap();
    let stopped = tokio::time::timeout(PATIENCE, waiting.join_next())
        .await
        .unwrap();
    let stopped = stopped.unwrap().unwrap().unwrap();
    assert_eq!(stopped.status, ExecutionStatus::Cancelled);
    let refused = second.executions().execute(&cluster.ctx, sync).await;
    assert_eq!(refused.unwrap_err().code(), "halted");
    cluster.stop().await;
}

/// Messages between servers are hints: what is recorded and nobody was told of is found by looking.
#[tokio::test]
async fn what_nobody_was_told_of_is_found_by_looking() {
    let cluster = Cluster::new().await;
    let on_event = Trigger::Event(Subscription::to(["order.created"]));
    let script = cluster.active(on_event, "return 7").await;
    let [first, _] = &cluster.servers;
    let new = NewEvent {
        kind: "order.created".into(),
        payload: doc(json!({})),
        id: None,
        key: None,
    };
    first.events().publish(&cluster.ctx, new).await.unwrap();
    let completed = async |count: usize| {
        let filter = ExecutionFilter {
            script: Some(script.id),
            status: Some(ExecutionStatus::Completed),
            ..ExecutionFilter::default()
        };
        let (executions, page) = (first.executions(), PageRequest::first());
        let ended = async {
            loop {
                let found = executions.list(&cluster.ctx, &filter, &page).await.unwrap();
                if found.items.len() >= count {
                    return found.items.len();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.unwrap()
    };
    assert_eq!(completed(1).await, 1);
    // The same rows again, as a server that falls silent with its commit leaves them.
    let again = |table: &str, what: &str| {
        cluster.database.psql(&format!(
            "insert into scriptorium.{table} select (jsonb_populate_record(one, \
             jsonb_build_object('id', gen_random_uuid(), {what}))).* from scriptorium.{table} one"
        ));
    };
    again(
        "executions",
        "'status', 'pending', 'started_at', null, 'completed_at', null, 'trigger_data', null",
    );
    assert_eq!(completed(2).await, 2);
    again("events", "'waiting', true");
    assert_eq!(completed(3).await, 3);
    cluster.stop().await;
}
