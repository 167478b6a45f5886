//! What the store owes when the process or the disk fails: what was acknowledged is there, what was
//! refused was refused clearly, and the file is whole.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Actor, Ctx, ExecutionId, Json};
use scriptorium_store::{Error, Options, PostgresOptions, Store, Unavailable};
use scriptorium_testing::Cluster;

use crate::support::{World, ambient, completed, definition, execution, open, tenant};

/// Where the child writes; its presence makes the tests below children.
const CHILD_DIR: &str = "SCRIPTORIUM_STORE_CRASH_DIR";
/// How often the child is killed in a row on one database; `make torture` says 200.
const KILLS: &str = "SCRIPTORIUM_STORE_KILLS";

#[tokio::test]
async fn acknowledged_records_survive_kill_9() {
    let kills = std::env::var(KILLS).map_or(24, |kills| kills.parse().unwrap());
    let world = World::new().await;
    world.script("writer").await;
    world.store.close().await;
    let mut acknowledged = 0;
    for round in 0..kills {
        // Killed early and late: while it opens, in its first batch, in the middle of many.
        let enough = [0, 1, 30, 400][round % 4];
        let child = child(world.path(), "crash::child_that_writes", round);
        let lines = read_and_kill(child, enough);
        acknowledged += lines.len();
        check_whole(&world, &lines).await;
    }
    eprintln!("{kills} kills, {acknowledged} acknowledged, none lost");
}

/// A limit of ours, as an operator sets it.
#[tokio::test]
async fn a_full_database_refuses_and_loses_nothing() {
    let world = World::new().await;
    let script = world.script("writer").await;
    world.store.close().await;
    let full = Store::open(
        Options {
            max_bytes: Some(1 << 20),
            ..Options::new(world.path())
        },
        world.ambient.clone(),
    );
    let full = full.await.unwrap();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let mut pending = execution(&world.ambient, &script);
        pending.input = Json::from_written(format!("\"{}\"", "x".repeat(10_000)));
        match full.insert_pending(&world.ctx, pending.clone()).await {
            Ok(_) => acknowledged.push(format!("execution {}", pending.id)),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, Error::Unavailable(Unavailable::Space, _)),
        "{refused:?}"
    );
    assert!(acknowledged.len() > 10);
    // It goes on reading, and takes what is small enough to fit.
    let seen = full.find_execution(&world.ctx, acknowledged[0][10..].parse().unwrap());
    seen.await.unwrap();
    full.close().await;
    check_whole(&world, &acknowledged).await;
}

/// The system's limit on the size of files: writes fail beneath SQLite.
#[tokio::test]
async fn a_disk_that_takes_no_more_refuses_and_loses_nothing() {
    let world = World::new().await;
    world.script("writer").await;
    world.store.close().await;
    let mut command = Command::new("sh");
    // In blocks of 512 bytes; the signal is ignored so that the write itself fails.
    command
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\"")
        .arg(std::env::current_exe().unwrap());
    let child = spawn(command, world.path(), "crash::child_that_fills_the_disk", 1);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let acknowledged: Vec<String> = text.lines().filter(is_said).map(Into::into).collect();
    let refusals: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("refused "))
        .collect();
    assert_eq!(refusals, BTreeSet::from(["Space"]), "{text}");
    assert!(acknowledged.len() > 10, "{text}");
    check_whole(&world, &acknowledged).await;
}

/// The server is stopped as by a power cut and started again while eight tasks write: what was
/// acknowledged is there, what was not was refused as unavailable, and writing goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_stops_at_once_loses_nothing_acknowledged() {
    let cluster = Cluster::private();
    let (superuser, key) = (cluster.superuser("postgres"), [9; 32]);
    Store::create_roles(&superuser, &key, "crash")
        .await
        .unwrap();
    let logins = PostgresOptions::derived(&superuser, &key, "crash").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        postgres: Some(logins),
        ..Options::new(dir.path())
    };
    let (_clock, ambient) = ambient(5);
    let store = Store::open(options, ambient.clone()).await.unwrap();
    let ctx = tenant(&store, &ambient, "acme").await;

    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (store, ctx, said) = (store.clone(), ctx.clone(), said.clone());
        writers.spawn(async move {
            for round in 0.. {
                let key = format!("{writer}/{round}");
                let value = Json::from_written(round.to_string());
                let written = store.set_entry(&ctx, &key, value, None).await;
                let failed = written.is_err();
                if said.send((key, written.map(drop))).is_err() {
                    return;
                }
                if failed {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
    }
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    let mut worst = Duration::ZERO;
    for stop in 0..4 {
        let mut enough = 100;
        let began = std::time::Instant::now();
        while enough > 0 {
            match heard.recv().await.unwrap() {
                (key, Ok(())) => {
                    if enough == 100 && stop > 0 {
                        worst = worst.max(began.elapsed());
                    }
                    acknowledged.push(key);
                    enough -= 1;
                }
                (key, Err(Error::Unavailable(Unavailable::Connection, _))) => {
                    assert!(!key.is_empty());
                    refused += 1;
                }
                (key, Err(error)) => panic!("{key}: {error:?}"),
            }
        }
        cluster.stop_at_once();
        // What was said before the stop was acknowledged before it.
        while let Ok((key, written)) = heard.try_recv() {
            acknowledged.extend(written.is_ok().then_some(key));
        }
        cluster.start();
    }
    drop(heard);
    writers.join_all().await;
    for key in &acknowledged {
        let entry = async {
            loop {
                match store.get_entry(&ctx, key).await {
                    Err(Error::Unavailable(..)) => {}
                    found => return found.unwrap(),
                }
            }
        };
        assert!(entry.await.is_some(), "lost {key}");
    }
    assert!(refused > 0, "nobody noticed the stops");
    assert!(
        worst <= Duration::from_secs(5),
        "writing again after {worst:?}"
    );
    let found = store.verify_audit(&ctx, true).await.unwrap();
    assert!(found.is_intact(), "{found:?}");
    eprintln!(
        "4 stops, {} acknowledged, none lost, {refused} refused, writing again {worst:?} after the \
         server's start at worst",
        acknowledged.len()
    );
    store.close().await;
}

/// The file is whole, holds everything that was acknowledged, and takes more.
async fn check_whole(world: &World, acknowledged: &[String]) {
    let file = Connection::open(world.path().join("scriptorium.db")).unwrap();
    let check: String = file
        .query_row("pragma integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    drop(file);

    let store = open(world.path(), &world.ambient).await;
    for line in acknowledged {
        let (kind, name) = line.split_once(' ').unwrap();
        if kind == "entry" {
            let entry = store.get_entry(&world.ctx, name).await.unwrap();
            assert!(entry.is_some(), "lost {line}");
        } else {
            let id: ExecutionId = name.parse().unwrap();
            let execution = store.find_execution(&world.ctx, id).await.unwrap();
            let ended = execution.status == ExecutionStatus::Completed;
            assert!(ended || kind == "execution", "lost the end of {line}");
        }
    }
    let found = store.verify_audit(&world.ctx, true).await.unwrap();
    assert!(found.is_intact(), "{found:?}");
    let more = store.set_entry(&world.ctx, "after", Json::from_written("1"), None);
    more.await.unwrap();
    store.close().await;
}

/// Starts this very binary as a child that runs one test.
fn child(dir: &Path, test: &str, round: usize) -> Child {
    spawn(
        Command::new(std::env::current_exe().unwrap()),
        dir,
        test,
        round,
    )
}

fn spawn(mut command: Command, dir: &Path, test: &str, round: usize) -> Child {
    command
        .args(["--exact", test, "--nocapture"])
        .env(CHILD_DIR, dir)
        // Another seed than any other process on this database: ids must not repeat.
        .env("SCRIPTORIUM_STORE_CRASH_SEED", (1_000 + round).to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what the child says is durable, and kills it when that is enough.
fn read_and_kill(mut child: Child, enough: usize) -> Vec<String> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = |line: &String| is_said(&line.as_str());
    let mut acknowledged: Vec<String> = lines
        .by_ref()
        .map(Result::unwrap)
        .filter(said)
        .take(enough)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What was still in the pipe was acknowledged too; the last line may be torn.
    let mut rest: Vec<String> = lines.map_while(Result::ok).filter(said).collect();
    rest.pop();
    acknowledged.extend(rest);
    acknowledged
}

fn is_said(line: &&str) -> bool {
    ["entry ", "execution ", "ended "]
        .iter()
        .any(|kind| line.starts_with(kind))
}

/// What a child works with; `None` when this process is none.
async fn inside() -> Option<(Store, Ctx, scriptorium_model::Ambient)> {
    let dir = std::env::var_os(CHILD_DIR)?;
    let seed = std::env::var("SCRIPTORIUM_STORE_CRASH_SEED").unwrap();
    let (_clock, ambient) = ambient(seed.parse().unwrap());
    let store = open(Path::new(&dir), &ambient).await;
    let tenant = store.find_tenant_by_slug("acme").await.unwrap().unwrap();
    let mut ctx = Ctx::platform(tenant.id);
    ctx.actor = Actor::Host;
    Some((store, ctx, ambient))
}

/// A child that writes until it was refused some times.
#[tokio::test]
async fn child_that_fills_the_disk() {
    let Some((store, ctx, _)) = inside().await else {
        return;
    };
    let mut refused = 0;
    for round in 0..100_000 {
        let key = format!("large/{round}");
        let value = Json::from_written(format!("\"{}\"", "x".repeat(10_000)));
        match store.set_entry(&ctx, &key, value, None).await {
            Ok(_) => println!("entry {key}"),
            Err(Error::Unavailable(lack, _)) => {
                println!("refused {lack:?}");
                refused += 1;
            }
            Err(error) => println!("refused {error:?}"),
        }
        if refused == 5 {
            return;
        }
    }
}

/// The child: sixteen writers that say what was acknowledged, until they are killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes() {
    let Some((store, ctx, ambient)) = inside().await else {
        return;
    };
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
                let key = format!("{}/{writer}/{round}", std::process::id());
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
                    notifications: Vec::new(),
                    incidents: Vec::new(),
                };
                store.record(&ctx, finished).await.unwrap().await.unwrap();
                println!("ended {}", pending.id);
            }
        });
    }
    writers.join_all().await;
}
