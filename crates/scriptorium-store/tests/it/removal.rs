//! The end of a tenant (security.md T3.9): nothing of it is left in any table or file, but for what its
//! audit trail tells, and nothing of anybody else is touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::alert::AlertKind;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::draft::DraftText;
use scriptorium_model::endpoint::Method;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{ExecutionStatus, Failure, LogLevel, LogLine, TriggerKind};
use scriptorium_model::halt::{Halt, HaltKey, HaltScope};
use scriptorium_model::library::Pin;
use scriptorium_model::notification::SendMode;
use scriptorium_model::operation::OperationKind;
use scriptorium_model::outgoing::OutgoingRules;
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::remote_service::{Manifest, RemoteMethod, TIMEOUT};
use scriptorium_model::retention::Retention;
use scriptorium_model::script::Script;
use scriptorium_model::secret::SecretChange;
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::user::{Session, Token};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, Json, TenantId};
use scriptorium_store::schedules::Skipped;
use scriptorium_store::system::schedules::Decided;
use scriptorium_store::tenant_data::{ColumnType, Table, TenantData, TenantSchema};
use scriptorium_store::{Error, Finished, ImportStep, ImportedVersion};
use serde_json::json;

use crate::audit::trail;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{
    World, assert_missing, completed, cron, dead_letter, definition, http, keyed, notification, on,
    operation, tenant, user,
};

/// Names hold it, so the trail tells of it.
const TOLD: &str = "globex";

/// What names do not hold; the trail never tells of it.
fn silent(slug: &str) -> String {
    format!("silent{slug}")
}

/// Puts something of a tenant into every table, and into the file of its business tables.
async fn fill(world: &World, ctx: &Ctx, slug: &str, data: &TenantData) {
    people(world, ctx, slug).await;
    let script = scripts(world, ctx, slug).await;
    let text = silent(slug);
    let store = &world.store;
    let value = || Json::from(json!({ "kept": text }));
    for number in 0..3 {
        let key = format!("{text} {number}");
        let set = store.set_entry_of_script(ctx, &key, value(), None).await;
        set.unwrap();
    }
    let event = Event {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind: "order.paid".into(),
        payload: value(),
        script: Some(script.id),
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    };
    store.insert_event(ctx, event).await.unwrap();
    let tenant = store.find_tenant(ctx.tenant).await.unwrap();
    let mode = store.set_scripts_read_only(ctx, &tenant, true);
    mode.await.unwrap();
    let secret = SecretChange {
        value: Some(text.clone()),
        ..SecretChange::default()
    };
    store.put_secret(ctx, "key", &secret).await.unwrap();
    // The trail tells of a change what was said.
    let rules = OutgoingRules {
        never: vec![format!("never.{slug}.test")],
        ..OutgoingRules::default()
    };
    store.put_outgoing_rules(ctx, &rules).await.unwrap();
    world.dispatch().await;
    executions(world, ctx, &script, &text).await;
    let mut letter = dead_letter(world, &script);
    letter.payload = value();
    letter.cause.message.clone_from(&text);
    store.insert_dead_letter(ctx, &letter).await.unwrap();
    notifications(world, ctx, &script, &text).await;
    remote_service(world, ctx, slug, &text).await;
    let operation = operation(world, ctx, OperationKind::Replay);
    store.create_operation(ctx, &operation).await.unwrap();
    let row = vec![json!(1), json!(text)];
    let insert = "insert into orders (id, note) values ($1, $2)";
    data.execute(ctx, insert, row).await.unwrap();
    doors(world, ctx, &script, &text).await;
    waiting(world, ctx, slug).await;
}

/// A message that waits, how many there were today, and that they are sent.
async fn notifications(world: &World, ctx: &Ctx, script: &Script, text: &str) {
    let mut left = notification(world, ctx, script);
    left.content = Json::from(json!({ "text": text }));
    let finished = Finished {
        execution: completed(world.execution(script), world.now()),
        lease: None,
        logs: Vec::new(),
        events: Vec::new(),
        notifications: vec![left],
        incidents: Vec::new(),
    };
    let commit = world.store.record(ctx, finished).await.unwrap();
    commit.await.unwrap();
    let mode = world.store.set_notification_mode(ctx, SendMode::Send);
    mode.await.unwrap();
}

/// A service that is somewhere else; its name and what it can do are told, and nothing else that people wrote of it.
async fn remote_service(world: &World, ctx: &Ctx, slug: &str, text: &str) {
    let method = RemoteMethod {
        name: "read".to_owned(),
        description: text.to_owned(),
        parameters: Vec::new(),
        result: Some(json!({ "const": text }).into()),
        is_safe: true,
        is_list: false,
        timeout: TIMEOUT,
        permission: None,
    };
    let manifest = Manifest {
        name: slug.to_owned(),
        description: text.to_owned(),
        url: "https://erp.example.com/services".to_owned(),
        script_types: None,
        methods: vec![method],
    };
    let store = &world.store;
    let added = store.add_remote_service(ctx, &manifest, &[7; 32], false);
    added.await.unwrap();
}

/// What is kept of signed requests, and a halt of what nothing here is started by.
async fn doors(world: &World, ctx: &Ctx, script: &Script, text: &str) {
    let store = &world.store;
    let secret = store.add_signing_secret(ctx, script.id, text.as_bytes());
    secret.await.unwrap();
    let until = world.now() + Duration::from_secs(3_600);
    let accepted = store.accept_signed(ctx, script.id, &[1; 32], until);
    assert!(accepted.await.unwrap());
    let halt = Halt {
        key: HaltKey {
            tenant: ctx.tenant,
            scope: HaltScope::Tenant,
            trigger: Some(TriggerKind::Embedded),
        },
        reason: "a rest".into(),
        stop_running: false,
        by: None,
        since: world.now(),
    };
    store.put_halt(ctx, halt).await.unwrap();
}

/// An event that waits behind another one, parked, and an alert.
async fn waiting(world: &World, ctx: &Ctx, slug: &str) {
    let store = &world.store;
    let subscription = Subscription {
        order_by: Some("key".into()),
        ..Subscription::to(["order.kept"])
    };
    let name = format!("ordered of {slug}");
    let ordered = definition(&name, Trigger::Event(subscription));
    let ordered = world.active(ctx, ordered).await;
    for _ in 0..2 {
        let event = Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.kept".into(),
            payload: Json::from(json!({ "kept": silent(slug) })),
            key: Some("one".into()),
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: world.now(),
        };
        store.insert_event(ctx, event).await.unwrap();
    }
    world.dispatch().await;
    store.suspend(ctx, ordered.id, None).await.unwrap();
    let kind = AlertKind::CircuitOpen;
    let raised = store
        .raise_alert(ctx, kind, ordered.id, &silent(slug))
        .await;
    raised.unwrap();
}

async fn people(world: &World, ctx: &Ctx, slug: &str) {
    let store = &world.store;
    let person = user(&world.ambient, ctx.tenant, &format!("second@{slug}.test"));
    store.create_user(ctx, &person).await.unwrap();
    let first = slug.as_bytes()[0];
    let session = Session {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        user: person.id,
        secret_hash: [first; 32],
        created_at: world.now(),
        last_used_at: world.now(),
        expires_at: world.now() + Duration::from_secs(86_400),
    };
    store.create_session(ctx, &session).await.unwrap();
    let token = Token {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        name: format!("token of {slug}"),
        secret_hash: [first; 32],
        permissions: PermissionSet::all(),
        created_by: Some(person.id),
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(ctx, &token).await.unwrap();
}

/// A script with what can belong to one; the one whose executions follow.
async fn scripts(world: &World, ctx: &Ctx, slug: &str) -> Script {
    let (store, text) = (&world.store, silent(slug));
    let named = |what: &str, trigger| {
        let mut definition = definition(&format!("{what} of {slug}"), trigger);
        definition.source = format!("return '{text}'");
        definition
    };
    let mut nightly = cron("0 9 * * *");
    if let Trigger::Scheduled(schedule) = &mut nightly {
        schedule.timezone = "UTC".into();
    }
    world.active(ctx, named("nightly", nightly)).await;
    world.advance(Duration::from_secs(86_400));
    for due in store.due_schedules(world.now(), 10).await.unwrap() {
        let next = due.schedule.next_after(world.now()).unwrap();
        let slot = Decided::on_time(due.due_at, next);
        assert!(store.skip_slot(&due, &slot, Skipped::Missed).await.unwrap());
    }
    world
        .active(ctx, named("hook", http("/hook", &[Method::Get])))
        .await;
    world
        .active(ctx, named("listener", on(&["order.paid"])))
        .await;
    let script = world.add(ctx, named("worker", Trigger::OneOff)).await;
    let mut changed = script.definition.clone();
    changed.source.push_str(" // changed");
    let me = ctx.actor.user().unwrap();
    let draft = DraftText {
        source: format!("draft {text}"),
        settings: None,
        base_version: 2,
    };
    let updated = store.update_script(ctx, script.id, None, changed, "");
    updated.await.unwrap();
    store.put_draft(ctx, script.id, me, draft).await.unwrap();
    let named_version = store.set_milestone(ctx, script.id, 1, "named").await;
    named_version.unwrap();
    let policy = VersionPolicy {
        max_count: Some(100),
        max_age_days: None,
    };
    store.put_version_policy(ctx, policy).await.unwrap();
    store
        .set_retention(ctx, Retention::default())
        .await
        .unwrap();
    // The trail tells what a template said.
    let body = format!("the words of {slug}");
    store.put_template(ctx, "reminder", &body).await.unwrap();
    let mut shared = named("shared", Trigger::Embedded);
    shared.library = true;
    let shared = world.active(ctx, shared).await;
    let mut imported = world.draft(ctx, named("imported", Trigger::OneOff));
    imported.version = 1;
    let step = ImportStep::Create {
        versions: vec![ImportedVersion {
            number: 1,
            definition: imported.definition.clone(),
            change_description: String::new(),
            author: Some(text.clone()),
            created_at: world.now(),
            milestone: None,
        }],
        script: Box::new(imported),
        pins: vec![Pin::of(&shared)],
    };
    let found = store.import_scripts(ctx, &[step], true).await.unwrap();
    assert_eq!(found, [None]);
    script
}

/// An execution in every state, of which one is not in the index yet, nor is the script's last change.
async fn executions(world: &World, ctx: &Ctx, script: &Script, text: &str) {
    let (store, now) = (&world.store, world.now());
    let payload = || Json::from(json!({ "said": text }));
    for status in [ExecutionStatus::Completed, ExecutionStatus::Failed] {
        let mut execution = completed(world.execution(script), now);
        execution.status = status;
        execution.input = payload();
        execution.output = Some(payload());
        execution.trigger_data = Some(payload());
        execution.failure = (status == ExecutionStatus::Failed).then(|| {
            let mut failure = Failure::new("script.threw", text);
            failure.stack = Some(format!("at {text}"));
            failure
        });
        record(world, ctx, execution, text).await.unwrap();
        world.index().await;
    }
    let mut late = completed(world.execution(script), now);
    late.input = payload();
    record(world, ctx, late, text).await.unwrap();
    let waiting = keyed(world.execution(script), &format!("key {text}"), 1);
    store.accept(ctx, waiting).await.unwrap();
    let running = world.pending(ctx, script).await;
    let claimed = store.claim_execution(ctx, running.id, Duration::from_secs(60));
    claimed.await.unwrap().unwrap();
    let mut changed = script.definition.clone();
    changed.source.push_str(" // last");
    // By nobody, whose draft would end with it.
    let platform = Ctx::platform(ctx.tenant);
    let saved = store.update_script(&platform, script.id, None, changed, "");
    saved.await.unwrap();
}

async fn record(
    world: &World,
    ctx: &Ctx,
    execution: scriptorium_model::execution::Execution,
    text: &str,
) -> scriptorium_store::Result<()> {
    let finished = Finished {
        logs: vec![LogLine {
            seq: 1,
            level: LogLevel::Info,
            message: format!("said {text}"),
            data: Some(Json::from(json!([text]))),
            at: world.now(),
        }],
        execution,
        lease: None,
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    world.store.record(ctx, finished).await?.await.map(drop)
}

/// The tables of either database, looked at from outside.
enum Tables<'a> {
    Sqlite(rusqlite::Connection),
    Postgres(&'a crate::support::Server),
}

impl<'a> Tables<'a> {
    fn of(world: &'a World) -> Self {
        match &world.server {
            Some(server) => Self::Postgres(server),
            None => {
                let path = world.path().join("scriptorium.db");
                Self::Sqlite(rusqlite::Connection::open(path).unwrap())
            }
        }
    }

    fn ask(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(file) => {
                let mut statement = file.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Self::Postgres(server) => server.psql(sql).lines().map(str::to_owned).collect(),
        }
    }

    /// Rows of a tenant in each table that has any.
    fn of_tenant(&self, tenant: TenantId) -> BTreeMap<String, u64> {
        let (tables, id) = match self {
            Self::Sqlite(_) => (
                "select t.name from sqlite_schema t join pragma_table_info(t.name) c \
                 where t.type = 'table' and c.name = 'tenant_id'",
                format!("x'{}'", tenant.0.simple()),
            ),
            Self::Postgres(_) => (
                "select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid \
                 where c.relnamespace in \
                 ('scriptorium'::regnamespace, 'scriptorium_tables'::regnamespace) and a.attname = 'tenant_id' \
                 and c.relkind in ('r', 'p') and not c.relispartition",
                format!("'{tenant}'"),
            ),
        };
        let mut found = BTreeMap::new();
        for table in self.ask(tables) {
            let sql = format!("select count(*) || '' from {table} where tenant_id = {id}");
            let rows = self.ask(&sql)[0].parse().unwrap();
            found.insert(table.trim_start_matches("scriptorium.").to_owned(), rows);
        }
        found
    }

    /// Tables with a text in any column of theirs, those behind the search index included.
    fn with(&self, text: &str) -> Vec<String> {
        let tables = match self {
            Self::Sqlite(_) => {
                "select name from sqlite_schema where type = 'table' \
                 and sql not like 'create virtual%'"
            }
            Self::Postgres(_) => {
                "select oid::regclass from pg_class \
                 where relnamespace in ('scriptorium'::regnamespace, 'scriptorium_tables'::regnamespace) \
                 and relkind = 'r'"
            }
        };
        let mut found = Vec::new();
        for table in self.ask(tables) {
            let holds = match self {
                Self::Sqlite(_) => {
                    let columns = format!("select name from pragma_table_info('{table}')");
                    let columns = self.ask(&columns);
                    let holds: Vec<String> = columns
                        .iter()
                        .map(|name| {
                            format!("instr(cast(\"{name}\" as blob), cast('{text}' as blob)) > 0")
                        })
                        .collect();
                    holds.join(" or ")
                }
                Self::Postgres(_) => format!("t::text like '%{text}%'"),
            };
            let sql = format!("select count(*) || '' from {table} t where {holds}");
            if self.ask(&sql) != ["0"] {
                found.push(table.trim_start_matches("scriptorium.").to_owned());
            }
        }
        found
    }
}

/// Files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn business(world: &World) -> TenantData {
    let table = Table::new("orders")
        .column("id", ColumnType::Integer)
        .column("note", ColumnType::Text)
        .key(["id"]);
    let schema = TenantSchema {
        tables: vec![table],
    };
    world.store.tenant_data(schema).unwrap()
}

async fn delete(world: &World, doomed: &Tenant, data: &TenantData) {
    let (store, by) = (&world.store, &world.ctx);
    store.close_tenant(by, doomed).await.unwrap();
    store.remove_tenant(by, doomed).await.unwrap();
    data.remove(&Ctx::platform(doomed.id)).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn nothing_is_left_of_a_deleted_tenant_but_what_its_trail_tells(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let data = business(&world);
    fill(&world, ctx, "acme", &data).await;
    fill(&world, other, TOLD, &data).await;
    store.anchor_audit_heads().await.unwrap();
    let secret = silent(TOLD);
    let before = Tables::of(&world).of_tenant(ctx.tenant);
    {
        // It can only be found gone where it was.
        let tables = Tables::of(&world);
        let empty: Vec<String> = tables
            .of_tenant(other.tenant)
            .into_iter()
            .filter_map(|(table, rows)| (rows == 0).then_some(table))
            .filter(|table| table != "audit_checkpoints")
            .filter(|table| database == Postgres || table != "change_marks")
            .collect();
        assert_eq!(empty, [""; 0], "tables that `fill` leaves out");
        let holding = tables.with(&secret);
        for table in ["script_versions", "storage", "search_pending"] {
            assert!(holding.contains(&table.to_owned()), "{table}: {holding:?}");
        }
        assert!(!holding.iter().any(|table| table.starts_with("audit")));
        if database == Sqlite {
            let files = world.path().join("tenants");
            assert!(!files_with(&files, &secret).is_empty());
        }
    }

    let doomed = store.find_tenant(other.tenant).await.unwrap();
    delete(&world, &doomed, &data).await;
    let tables = Tables::of(&world);
    let left: Vec<String> = tables
        .of_tenant(other.tenant)
        .into_iter()
        .filter_map(|(table, rows)| (rows > 0).then_some(table))
        .collect();
    assert_eq!(left, ["audit_entries", "audit_heads"]);
    assert_eq!(tables.with(&secret), [""; 0]);
    assert_eq!(tables.with(TOLD), ["audit_entries"]);
    assert_eq!(tables.with("GLOBEX"), ["audit_entries"]);
    let after = tables.of_tenant(ctx.tenant);
    let own = |all: &BTreeMap<String, u64>| -> BTreeMap<String, u64> {
        let all = all.clone().into_iter();
        all.filter(|(table, _)| !table.starts_with("audit"))
            .collect()
    };
    assert_eq!(
        own(&after),
        own(&before),
        "of the others everything is there"
    );
    drop(tables);
    assert_eq!(files_with(world.path(), &secret), [""; 0]);
    if database == Sqlite {
        assert!(!files_with(world.path(), &silent("acme")).is_empty());
    }

    // What told of it is whole, and whoever did it has it in theirs, too.
    for of in [&Ctx::platform(doomed.id), ctx] {
        let told = trail(&world, of, &AuditFilter::default()).await;
        let told: Vec<(&str, &str)> = told[..2]
            .iter()
            .map(|entry| (entry.action.as_str(), &*entry.actor.name))
            .collect();
        let by = "admin@acme.test";
        assert_eq!(told, [("tenant.deleted", by), ("tenant.closed", by)]);
        assert!(store.verify_audit(of, true).await.unwrap().is_intact());
    }
    assert_missing(store.find_tenant(doomed.id).await);
    assert_missing(store.remove_tenant(ctx, &doomed).await);
    assert_eq!(store.find_token_by_hash(&[b'g'; 32]).await.unwrap(), None);
    // Its name and addresses are free.
    let again = tenant(store, &world.ambient, TOLD).await;
    assert_ne!(again.tenant, doomed.id);
    assert_eq!(
        trail(&world, &again, &AuditFilter::default()).await.len(),
        2
    );
}

#[rstest]
#[tokio::test]
async fn nothing_of_a_closed_tenant_begins_any_more(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let (store, other) = (&world.store, &world.other);
    let data = business(&world);
    fill(&world, other, TOLD, &data).await;
    let doomed = store.find_tenant(other.tenant).await.unwrap();
    for _ in 0..2 {
        store.close_tenant(&world.ctx, &doomed).await.unwrap();
    }
    assert_eq!(store.find_session_by_hash(&[b'g'; 32]).await.unwrap(), None);
    assert_eq!(store.find_token_by_hash(&[b'g'; 32]).await.unwrap(), None);
    let people = store.list_users(other).await.unwrap();
    assert!(people.len() == 2 && people.iter().all(|user| !user.active));
    assert_eq!(store.list_active_endpoints(doomed.id).await.unwrap(), []);
    world.advance(Duration::from_secs(86_400));
    let due = store.due_schedules(world.now(), 10).await.unwrap();
    assert_eq!(due, []);
    let lease = Duration::from_secs(60);
    let claimed = store
        .claim_pending(10, lease, &[], &|_| u32::MAX)
        .await
        .unwrap();
    assert_eq!(claimed, []);
    // What runs is told to stop, and counted until it has.
    assert_eq!(store.count_running(other).await.unwrap(), 1);
    assert_eq!(store.count_running(&world.ctx).await.unwrap(), 0);
    let stopped = store.recover_orphans(world.now()).await.unwrap();
    assert_eq!((stopped.cancelled, stopped.requeued), (1, 0));
}

/// Runs that end late, and the indexer, go on while the tenant is removed under them.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_is_not_left_behind(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let (store, other) = (&world.store, &world.other);
    let data = business(&world);
    fill(&world, other, TOLD, &data).await;
    let script = definition("busy", Trigger::OneOff);
    let script = world.add(other, script).await;
    let doomed = store.find_tenant(other.tenant).await.unwrap();
    let (gone, secret) = (AtomicBool::new(false), silent(TOLD));
    let late = async {
        let mut kept = 0;
        loop {
            let was_gone = gone.load(Ordering::SeqCst);
            let execution = completed(world.execution(&script), world.now());
            let recorded = record(&world, other, execution, &secret).await;
            let value = Json::from(json!(secret));
            let stored = store.set_entry_of_script(other, "late", value, None).await;
            match (recorded, stored) {
                _ if was_gone => {
                    let again = completed(world.execution(&script), world.now());
                    assert_missing(record(&world, other, again, &secret).await);
                    return kept;
                }
                (Ok(()), _) => kept += 1,
                (Err(Error::NotFound), _) => {}
                (Err(error), _) => panic!("{error}"),
            }
        }
    };
    let indexing = async {
        while !gone.load(Ordering::SeqCst) {
            store.index_pending().await.unwrap();
        }
    };
    let deleting = async {
        store.close_tenant(&world.ctx, &doomed).await.unwrap();
        // Not before some have come.
        while store.history_stats().records < 20 {
            tokio::task::yield_now().await;
        }
        store.remove_tenant(&world.ctx, &doomed).await.unwrap();
        gone.store(true, Ordering::SeqCst);
    };
    let (kept, (), ()) = tokio::join!(late, indexing, deleting);
    assert!(kept > 0);
    world.index().await;
    let tables = Tables::of(&world);
    let left: Vec<(String, u64)> = tables
        .of_tenant(doomed.id)
        .into_iter()
        .filter(|(table, rows)| *rows > 0 && !table.starts_with("audit"))
        .collect();
    assert_eq!(left, []);
    assert_eq!(tables.with(&secret), [""; 0]);
}
