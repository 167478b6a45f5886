//! `kill -9` in the middle of writing: what was acknowledged is there, and the file is whole.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Actor, Ctx, ExecutionId, Json};

use crate::support::{World, ambient, completed, definition, execution, open};

/// Where the child writes; its presence makes the test below a child.
const CHILD_DIR: &str = "SCRIPTORIUM_STORE_CRASH_DIR";
/// Acknowledgements to wait for before the kill.
const ENOUGH: usize = 400;

#[tokio::test]
async fn acknowledged_records_survive_kill_9() {
    for _ in 0..3 {
        let world = World::new().await;
        world.script("writer").await;
        world.store.close().await;
        let acknowledged = write_and_die(world.path());
        assert!(acknowledged.len() >= ENOUGH);

        let file = Connection::open(world.path().join("scriptorium.db")).unwrap();
        let check: String = file
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        drop(file);

        let store = open(world.path(), &world.ambient).await;
        for line in &acknowledged {
            let (kind, name) = line.split_once(' ').unwrap();
            if kind == "entry" {
                let entry = store.get_entry(&world.ctx, name).await.unwrap();
                assert!(entry.is_some(), "lost {line}");
            } else {
                let id: ExecutionId = name.parse().unwrap();
                store.find_execution(&world.ctx, id).await.unwrap();
            }
        }
        store.close().await;
    }
}

/// Starts this very binary as a child, reads what it says is durable, and kills it.
fn write_and_die(dir: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wanted = |line: &String| line.starts_with("entry ") || line.starts_with("execution ");
    let mut acknowledged: Vec<String> = lines
        .by_ref()
        .map(Result::unwrap)
        .filter(wanted)
        .take(ENOUGH)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What was still in the pipe was acknowledged too; the last line may be torn.
    let mut rest: Vec<String> = lines.map_while(Result::ok).filter(wanted).collect();
    rest.pop();
    acknowledged.extend(rest);
    acknowledged
}

/// The child: sixteen writers that say what was acknowledged, until they are killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    // Another seed than the parent's: ids must not repeat.
    let (_clock, ambient) = ambient(77);
    let store = open(Path::new(&dir), &ambient).await;
    let tenant = store.find_tenant_by_slug("acme").await.unwrap().unwrap();
    let mut ctx = Ctx::platform(tenant.id);
    ctx.actor = Actor::Host;
    let script = store
        .find_script_by_name(&ctx, "writer")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(script.definition, definition("writer", Trigger::OneOff));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let (store, ctx, script, ambient) =
            (store.clone(), ctx.clone(), script.clone(), ambient.clone());
        writers.spawn(async move {
            for round in 0..100_000 {
                let key = format!("{writer}/{round}");
                let value = Json::from_written(round.to_string());
                store.set_entry(&ctx, &key, value, None).await.unwrap();
                println!("entry {key}");
                let pending = execution(&ambient, &script);
                store.insert_pending(&ctx, pending.clone()).await.unwrap();
                println!("execution {}", pending.id);
                let lease = Duration::from_secs(60);
                let claimed = store
                    .claim_execution(&ctx, pending.id, lease)
                    .await
                    .unwrap();
                let claimed = claimed.unwrap();
                let finished = scriptorium_store::Finished {
                    execution: completed(claimed.execution, ambient.now()),
                    lease: Some(claimed.lease),
                    logs: Vec::new(),
                    events: Vec::new(),
                };
                store.record(&ctx, finished).await.unwrap().await.unwrap();
            }
        });
    }
    writers.join_all().await;
}
