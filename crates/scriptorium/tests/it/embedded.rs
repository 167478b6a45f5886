//! Scripts as the host's functions: in its transactions, as its hooks, and given up by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scriptorium::model::execution::{Execution, ExecutionStatus};
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::ScriptStatus;
use scriptorium::model::trigger::Trigger;
use scriptorium::tenant_data::{ColumnType, Table};
use scriptorium::{
    Error, ErrorKind, Events, ExecutionFilter, Hook, Objection, Service, ServiceError,
    TenantHandle, TenantSchema, Transaction, Verdict, Veto,
};
use serde_json::{Value, json};

use crate::world::{World, definition};

const HOOK: &str = "order.save";

/// A platform with a table of notes, a service that writes one, and a hook.
async fn world() -> World {
    let notes = Table::new("notes")
        .column("id", ColumnType::Text)
        .key(["id"]);
    let write = |call: scriptorium::ServiceCall| async move {
        let id = call.text(0, "id")?.to_owned();
        let written = call.data.execute(
            &call.ctx,
            "insert into notes (id) values ($1)",
            vec![json!(id)],
        );
        let written = written.await;
        written
            .map(Value::from)
            .map_err(|_| ServiceError::new("SERVICE_ERROR", "the note cannot be written"))
    };
    let service = Service::new("notes", "Notes.").method(
        "write",
        "id: string",
        "Promise<number>",
        "Writes one.",
        write,
    );
    let hook = Hook::new(HOOK, "Order", "Before an order is saved.");
    World::with(|builder| {
        builder
            .tenant_schema(TenantSchema {
                tables: vec![notes],
            })
            .service(service)
            .hook(hook.budget(Duration::from_secs(20)))
            .hook(Hook::new("order.quick", "Order", "").budget(Duration::from_millis(300)))
            .types("interface Order { id: string; total: number }")
            .event("order.saved", "Order", "After an order was saved.")
            .triggers(false)
    })
    .await
}

async fn embedded(world: &World, name: &str, tag: Option<&str>, source: &str) {
    let mut definition = definition(name, Trigger::Embedded, source);
    definition.tags = tag.into_iter().map(str::to_owned).collect();
    definition.limits.wall = Duration::from_secs(300);
    definition.limits.cpu = Duration::from_secs(300);
    world.active(definition).await;
}

async fn tenant(world: &World) -> TenantHandle {
    world.platform.tenant("default").await.unwrap()
}

async fn notes(tenant: &TenantHandle) -> Vec<Value> {
    let sql = "select id from notes order by id";
    let rows = tenant
        .data()
        .query(tenant.ctx(), sql, vec![])
        .await
        .unwrap();
    rows.into_iter().map(|mut row| row["id"].take()).collect()
}

/// The recorded executions, the oldest first, once there are so many.
async fn recorded(world: &World, count: usize) -> Vec<Execution> {
    let executions = world.platform.executions();
    loop {
        let page = PageRequest::first();
        let any = ExecutionFilter::default();
        let found = executions
            .list(&world.ctx, &any, &page)
            .await
            .unwrap()
            .items;
        let mut all = Vec::new();
        for one in found.iter().rev() {
            all.push(executions.find(&world.ctx, one.id).await.unwrap());
        }
        if all.len() == count && all.iter().all(|one| one.status.is_final()) {
            return all;
        }
        tokio::task::yield_now().await;
    }
}

async fn published(events: Events<'_>, world: &World) -> Vec<String> {
    let page = PageRequest::first();
    let found = events.list(&world.ctx, &Default::default(), &page).await;
    let kinds = found.unwrap().items.into_iter().map(|event| event.kind);
    let mut kinds: Vec<String> = kinds.filter(|kind| kind.starts_with("note.")).collect();
    kinds.sort();
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_in_a_transaction_shares_its_fate() {
    let world = world().await;
    let source = "
      export default async function main({ id }) {
        await events.publish('note.written', { id });
        return services.notes.write(id);
      }";
    embedded(&world, "note", None, source).await;
    let tenant = tenant(&world).await;
    let told = Arc::new(AtomicU32::new(0));
    for (id, commits, expected) in [
        ("a", false, vec![]),
        ("b", true, vec![json!("b"), json!("host b")]),
    ] {
        let told = Arc::clone(&told);
        let ended = tenant.transaction(move |tx| {
            let host = json!(format!("host {id}"));
            tx.execute("insert into notes (id) values ($1)", &[host])?;
            let written: u32 = tx.invoke("note", &json!({ "id": id }))?;
            assert_eq!(written, 1);
            tx.publish("note.kept", &json!({ "id": id }))?;
            let seen = tx.query("select id from notes", &[])?;
            assert_eq!(seen.len(), 2, "the host sees what its script has written");
            tx.after_commit(move || {
                told.fetch_add(1, Ordering::SeqCst);
            });
            if commits { Ok(()) } else { Err(Refused) }
        });
        assert_eq!(ended.await.is_ok(), commits);
        assert_eq!(notes(&tenant).await, expected);
    }
    assert_eq!(told.load(Ordering::SeqCst), 1);
    let all = recorded(&world, 2).await;
    assert!(
        all.iter()
            .all(|one| one.status == ExecutionStatus::Completed)
    );
    // What did not happen is not told; what did is, by script and host, a moment later at most.
    let mut told = Vec::new();
    while told.len() < 2 {
        told = published(world.platform.events(), &world).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(told, ["note.kept", "note.written"]);
}

#[derive(Debug)]
struct Refused;

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        panic!("{error:?}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_is_refused_there() {
    let world = world().await;
    let source = "
      export default async function main() {
        try { await storage.set('key', 1) } catch (error) { return error.code }
      }";
    embedded(&world, "keeps", None, source).await;
    let tenant = tenant(&world).await;
    let code: String = tenant
        .transaction(|tx| tx.invoke("keeps", &json!({})))
        .await
        .unwrap_or_else(|error: Error| panic!("{error:?}"));
    assert_eq!(code, "UNAUTHORIZED_OPERATION");
    let code: Option<String> = tenant.invoke("keeps", &json!({})).await.unwrap();
    assert_eq!(code, None, "outside of one it may");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_takes_too_long_does_not_hold_the_transaction() {
    let world = world().await;
    embedded(&world, "endless", None, "for (;;);").await;
    let tenant = tenant(&world).await;
    let written: Result<u64, Error> = tenant
        .transaction(|tx| {
            // On a busy machine a part of it goes by before the first instruction.
            let budget = Duration::from_millis(500);
            let ended = tx.invoke_within::<_, Value>("endless", &json!({}), budget);
            let error = ended.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Script, "limit.wall")
            );
            tx.execute("insert into notes (id) values ('after')", &[])
        })
        .await;
    assert_eq!(written.unwrap(), 1);
    assert_eq!(notes(&tenant).await, [json!("after")]);
}

async fn before(tenant: &TenantHandle, hook: &'static str) -> Result<Verdict<Value>, Error> {
    let order = json!({ "id": "o1", "total": 100 });
    tenant
        .transaction(move |tx: &Transaction<'_>| tx.before(hook, order))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_a_hook_change_or_refuse_what_is_saved() {
    let world = world().await;
    let tenant = tenant(&world).await;
    let order = |total: u32| json!({ "id": "o1", "total": total });
    assert_eq!(
        before(&tenant, HOOK).await.unwrap(),
        Verdict::Pass(order(100))
    );

    let hook = Some(HOOK);
    // In the order of their names, each with what the one before made of it.
    embedded(
        &world,
        "b-adds",
        hook,
        "export default (o) => ({ value: { ...o, total: o.total + 1 } })",
    )
    .await;
    embedded(
        &world,
        "a-doubles",
        hook,
        "export default (o) => ({ value: { ...o, total: o.total * 2 } })",
    )
    .await;
    embedded(&world, "c-says-nothing", hook, "export default () => {}").await;
    embedded(
        &world,
        "d-agrees",
        hook,
        "export default () => ({ valid: true })",
    )
    .await;
    embedded(&world, "another", Some("order.quick"), "for (;;);").await;
    assert_eq!(
        before(&tenant, HOOK).await.unwrap(),
        Verdict::Pass(order(201))
    );

    let source = "export default (o) => ({ valid: o.total < 200, errors: [
        { field: 'total', message: 'too much', code: 'x' }, { message: 'and on a Sunday' }] })";
    embedded(&world, "e-objects", hook, source).await;
    let objection = |field: Option<&str>, message: &str| Objection {
        field: field.map(str::to_owned),
        message: message.into(),
    };
    let veto = Veto {
        script: "e-objects".into(),
        errors: vec![
            objection(Some("total"), "too much"),
            objection(None, "and on a Sunday"),
        ],
    };
    assert_eq!(before(&tenant, HOOK).await.unwrap(), Verdict::Veto(veto));

    let slow = before(&tenant, "order.quick").await.unwrap_err();
    assert_eq!(
        (slow.kind(), slow.code()),
        (ErrorKind::Script, "limit.wall")
    );
    let unknown = before(&tenant, "order.sav").await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_cannot_be_asked_is_an_error_of_the_script() {
    for (source, code) in [
        (
            "export default () => { throw new Error('no') }",
            "script.threw",
        ),
        ("export default () => 'yes'", "script.threw"),
        ("export default () => ({ valid: 'no' })", "script.threw"),
        (
            "export default () => ({ valid: false, errors: 'no' })",
            "script.threw",
        ),
    ] {
        let world = world().await;
        embedded(&world, "fails", Some(HOOK), source).await;
        let tenant = tenant(&world).await;
        let error = before(&tenant, HOOK).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Script, code),
            "{source}"
        );
        assert!(error.execution().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_cancels_the_execution() {
    let world = world().await;
    embedded(&world, "endless", None, "console.log('on'); for (;;);").await;
    let tenant = tenant(&world).await;
    let input = json!({});
    let call = tenant.invoke::<_, Value>("endless", &input);
    tokio::select! {
        ended = call => panic!("{ended:?}"),
        () = async {
            while world.platform.status().runtime.running == 0 {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let all = recorded(&world, 1).await;
    assert_eq!(all[0].status, ExecutionStatus::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn plug_ins_are_those_with_a_tag() {
    let world = world().await;
    let tag = Some("widget");
    embedded(
        &world,
        "b-fails",
        tag,
        "export default () => { throw new Error('no') }",
    )
    .await;
    embedded(&world, "a-counts", tag, "export default ({ n }) => n + 1").await;
    embedded(&world, "other", None, "export default () => 0").await;
    let off = definition("c-is-off", Trigger::Embedded, "export default () => 0");
    let scripts = world.platform.scripts();
    let mut off = off;
    off.tags = vec!["widget".into()];
    let off = world.active(off).await;
    let paused = ScriptStatus::Paused;
    scripts
        .set_status(&world.ctx, off.id, paused, None)
        .await
        .unwrap();
    let (tenant, one) = (tenant(&world).await, json!({ "n": 1 }));
    let invoked = tenant.invoke_tagged::<_, u32>("widget", &one);
    let invoked = invoked.await.unwrap();
    let names: Vec<&str> = invoked.iter().map(|one| one.script.as_str()).collect();
    assert_eq!(names, ["a-counts", "b-fails"]);
    assert_eq!(*invoked[0].output.as_ref().unwrap(), 2);
    assert_eq!(
        invoked[1].output.as_ref().unwrap_err().kind(),
        ErrorKind::Script
    );
}

#[tokio::test]
async fn the_typings_know_what_the_host_has_declared() {
    let world = world().await;
    let typings = world.platform.typings(&world.ctx).await.unwrap();
    for part in [
        "interface Order { id: string; total: number }",
        "interface HostEvents {\n  /** After an order was saved. */\n  \"order.saved\": Order;\n}",
        "interface Hooks {\n  /** Before an order is saved. */\n  \"order.save\": Order;\n",
        "type HookAnswer<",
    ] {
        assert!(typings.contains(part), "{part}\n{typings}");
    }
}
