//! Asking the server to stop (R-REL-05, R-EVT-18): readiness first, then what runs may end, and what
//! cannot is begun again without an attempt lost.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::crash::{Api, Process};

/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Waits as long as it is told.
const SLEEPER: &str = "
export default async function main({ ms }) {
  await new Promise((done) => setTimeout(done, ms));
  return { ms };
}";

fn start(folder: &Path, delay: &str, timeout: &str) -> (Process, Api) {
    let variables = [
        ("SCRIPTORIUM_DRAIN_DELAY", delay),
        ("SCRIPTORIUM_DRAIN_TIMEOUT", timeout),
    ];
    let process = Process::start_with(folder, &variables);
    let api = Api::new(&process);
    (process, api)
}

fn terminate(process: &Process) {
    let id = process.child.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(asked.success());
}

/// The exit status of a process that is to end soon.
#[track_caller]
fn ended(mut process: Process) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = process.child.try_wait().unwrap() {
            return status.code();
        }
        assert!(began.elapsed() < PATIENCE, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

async fn sleeper(api: &Api) -> String {
    let limits = json!({ "wall_ms": 300_000, "concurrency": 20 });
    let script =
        json!({ "name": "sleeper", "type": "oneoff", "source": SLEEPER, "limits": limits });
    let script = api.post("/scripts", script).await;
    let id = script["id"].as_str().unwrap().to_owned();
    let activate = format!("/scripts/{id}/activate");
    api.post(&activate, json!({})).await;
    id
}

/// Starts one that nobody waits for, and gives its path.
async fn begin(api: &Api, script: &str, ms: u64) -> String {
    let body = json!({ "mode": "async", "input": { "ms": ms } });
    let accepted = api.post(&format!("/scripts/{script}/execute"), body).await;
    format!("/executions/{}", accepted["id"].as_str().unwrap())
}

/// The execution once it is so far.
async fn once(api: &Api, path: &str, status: &str) -> Value {
    let began = Instant::now();
    loop {
        let execution = api.get(path).await;
        if execution["status"] == status && !execution["started_at"].is_null() {
            return execution;
        }
        assert!(began.elapsed() < PATIENCE, "not {status}: {execution}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_not_ready_first_and_lets_everything_end() {
    let folder = tempfile::tempdir().unwrap();
    let (first, api) = start(folder.path(), "3s", "60s");
    let script = sleeper(&api).await;
    let durable = begin(&api, &script, 2_000).await;
    once(&api, &durable, "running").await;

    terminate(&first);
    let readiness = format!("{}/readyz", first.url);
    let began = Instant::now();
    while api.status(&readiness).await != StatusCode::SERVICE_UNAVAILABLE {
        assert!(began.elapsed() < PATIENCE, "it stays ready");
    }
    // Who has not noticed is still served, and waits for the end.
    let execute = format!("/scripts/{script}/execute");
    let waited = json!({ "mode": "sync", "input": { "ms": 4_000 } });
    let (status, answer) = api.try_post(&execute, &waited).await.unwrap();
    assert_eq!(
        (status, &answer["status"]),
        (StatusCode::OK, &json!("completed"))
    );
    assert_eq!(ended(first), Some(0));

    let (second, api) = start(folder.path(), "0s", "1s");
    let execution = api.get(&durable).await;
    assert_eq!(
        (&execution["status"], &execution["attempt"]),
        (&json!("completed"), &json!(1)),
        "{execution}"
    );
    drop(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_is_handed_back_and_loses_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (first, api) = start(folder.path(), "0s", "200ms");
    let script = sleeper(&api).await;
    let durable = begin(&api, &script, 250_000).await;
    once(&api, &durable, "running").await;
    terminate(&first);
    assert_eq!(ended(first), Some(0));

    let (_second, api) = start(folder.path(), "0s", "200ms");
    let again = once(&api, &durable, "running").await;
    assert_eq!(again["attempt"], 1, "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, api) = start(folder.path(), "0s", "60m");
    let script = sleeper(&api).await;
    let durable = begin(&api, &script, 250_000).await;
    once(&api, &durable, "running").await;
    terminate(&first);
    // The first one is being obeyed once nobody can connect any more.
    let began = Instant::now();
    while api.try_post("/nothing", &json!({})).await.is_ok() {
        assert!(began.elapsed() < PATIENCE, "it still answers");
    }
    terminate(&first);
    assert_eq!(ended(first), Some(128 + 15));

    let (_second, api) = start(folder.path(), "0s", "200ms");
    once(&api, &durable, "running").await;
}
