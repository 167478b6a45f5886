//! Killing the server in the middle of its work (D6, D7): what was accepted is not lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::command::{binary, cache};

const TOKEN: &str = "a-bootstrap-token-of-more-than-32-characters";
/// Executions asked for at once.
const ASKED: usize = 200;
/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Takes a tenth of a second, and leaves a trace of each time it began.
const SCRIPT: &str = "
export default async function main({ n }) {
  const key = `began-${n}`;
  await storage.set(key, ((await storage.get(key)) ?? 0) + 1);
  const until = Date.now() + 100;
  while (Date.now() < until);
  return { n };
}";

/// A server process. Dropping it kills it, as `kill -9` does.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Process {
    fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary())
            .env_clear()
            .env("SCRIPTORIUM_CACHE_DIR", cache())
            .env("SCRIPTORIUM_BOOTSTRAP_TOKEN", TOKEN)
            .env("SCRIPTORIUM_LOG", "error")
            .envs(variables.iter().copied())
            .current_dir(data)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()))
            .unwrap();
        Self { child, url }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The management API of one process.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    pub(crate) fn new(process: &Process) -> Self {
        Self::at(&process.url)
    }

    pub(crate) fn at(url: &str) -> Self {
        // Another test may have done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            client,
            base: format!("{url}/api/v1"),
            token: TOKEN.to_owned(),
        }
    }

    /// The same API by another token.
    pub(crate) fn by(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// The API of another process, by the same client.
    pub(crate) fn to(&self, url: &str) -> Self {
        Self {
            client: self.client.clone(),
            base: format!("{url}/api/v1"),
            token: self.token.clone(),
        }
    }

    /// Sends a request; an error when the server is gone before it has answered.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let (status, _, answer) = self.try_post_under("", path, body).await?;
        Ok((status, answer))
    }

    /// The same under an idempotency key, unless that is empty; with the headers of the answer.
    pub(crate) async fn try_post_under(
        &self,
        key: &str,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, HeaderMap, Value)> {
        let request = self.client.post(format!("{}{path}", self.base));
        let mut request = request
            .bearer_auth(&self.token)
            .header("content-type", "application/json");
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let response = request.body(body.to_string()).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let answer = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok((status, headers, answer))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, &body).await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) {
        let request = self.client.patch(format!("{}{path}", self.base));
        let request = request
            .bearer_auth(&self.token)
            .header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
    }

    /// What a path answers: while the database is cut off, what it answers after that.
    pub(crate) async fn get(&self, path: &str) -> Value {
        for _ in 0..250 {
            let request = self.client.get(format!("{}{path}", self.base));
            let response = request.bearer_auth(&self.token).send().await.unwrap();
            let status = response.status();
            let text = response.text().await.unwrap();
            if status == StatusCode::SERVICE_UNAVAILABLE {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            assert_eq!(status, StatusCode::OK, "{path}: {text}");
            return serde_json::from_str(&text).unwrap();
        }
        panic!("{path}: the database stays cut off");
    }

    /// What of all tenants has been accepted and not begun.
    pub(crate) async fn waiting(&self) -> u64 {
        let url = self.base.replace("/api/v1", "/metrics");
        let response = self.client.get(url).send().await.unwrap();
        let text = response.text().await.unwrap();
        let gauge = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse().unwrap()
        };
        let all = gauge("scriptorium_events_waiting ") + gauge("scriptorium_executions_pending ");
        all as u64
    }

    /// What an address answers to whoever asks.
    pub(crate) async fn status(&self, url: &str) -> StatusCode {
        self.client.get(url).send().await.unwrap().status()
    }

    /// Every execution that matches, by id.
    pub(crate) async fn executions(&self, filter: &str) -> BTreeMap<String, Value> {
        let found = self.items(&format!("/executions?limit=200{filter}")).await;
        let by_id = |item: Value| (item["id"].as_str().unwrap().to_owned(), item);
        found.into_iter().map(by_id).collect()
    }

    /// A whole list; the path has a query already.
    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let part = self.get(&format!("{path}{cursor}")).await;
            found.extend(part["items"].as_array().unwrap().iter().cloned());
            match part["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }
}

/// Others are still on their way when the server goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_while_others_are_asked_for() {
    check(ASKED / 4, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_executions_survive_kill_9_while_some_run() {
    let again = check(ASKED, 10).await;
    assert!(again > 0, "what ran when the server was killed began once");
}

/// Kills the server when it has answered `answers` requests and completed `completed` executions,
/// and starts another. Gives how many executions were begun again.
async fn check(answers: usize, completed: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();

    let first = Process::start(folder.path());
    let api = Api::new(&first);
    let script = active_script(&api).await;
    let mut asked = ask(&api, &script);
    let mut accepted = BTreeSet::new();
    while accepted.len() < answers {
        let answer = asked.join_next().await.unwrap().unwrap();
        accepted.insert(answer.unwrap());
    }
    let began = Instant::now();
    while api.executions("&status=completed").await.len() < completed {
        assert!(began.elapsed() < PATIENCE, "too few complete");
    }
    first.kill();
    let rest = asked.join_all().await.into_iter().flatten();
    accepted.extend(rest);

    let second = Process::start(folder.path());
    let api = Api::new(&second);
    let began = Instant::now();
    for status in ["pending", "running"] {
        while !api
            .executions(&format!("&status={status}"))
            .await
            .is_empty()
        {
            assert!(began.elapsed() < PATIENCE, "some stay {status}");
        }
    }

    let found = api.executions(&format!("&script_id={script}")).await;
    let lost: Vec<_> = accepted
        .iter()
        .filter(|id| !found.contains_key(*id))
        .collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    assert!(
        found.len() <= ASKED,
        "{} executions of {ASKED} requests",
        found.len()
    );
    let again = check_ends(&api, &found).await;
    eprintln!(
        "{} accepted, {} found, {again} begun again",
        accepted.len(),
        found.len()
    );
    again
}

/// What was asked for under an idempotency key runs under one execution, whatever happens to the server,
/// and who asks again is given its end (REL-18).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyed_request_is_answered_after_kill_9() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path());
    let api = Api::new(&first);
    let slow = SCRIPT.replace("+ 100", "+ 2000");
    let script = json!({ "name": "slow", "type": "embedded", "source": slow });
    let script = api.post("/scripts", script).await;
    let path = format!("/scripts/{}/activate", script["id"].as_str().unwrap());
    api.post(&path, json!({})).await;
    let ask = async |api: &Api| {
        let body = json!({ "n": 7 });
        let answer = api.try_post_under("order-7", "/invoke/slow", &body).await;
        answer.map(|(status, headers, answer)| {
            (
                status,
                headers.contains_key("idempotent-replayed"),
                answer.to_string(),
            )
        })
    };
    let killed = async {
        let began = Instant::now();
        while api.executions("&status=running").await.is_empty() {
            assert!(began.elapsed() < PATIENCE, "it does not begin");
        }
        first.kill();
    };
    let (lost, ()) = tokio::join!(ask(&api), killed);
    assert!(lost.is_err(), "it was answered by a server that is gone");

    let second = Process::start(folder.path());
    let api = Api::new(&second);
    let began = Instant::now();
    let answer = loop {
        let (status, replayed, text) = ask(&api).await.unwrap();
        if status != StatusCode::CONFLICT {
            break (status, replayed, text);
        }
        assert!(text.contains("idempotency_key_in_use"), "{text}");
        assert!(began.elapsed() < PATIENCE, "it does not end");
    };
    assert_eq!(
        answer,
        (StatusCode::OK, true, json!({ "n": 7 }).to_string())
    );
    let found = api.executions("").await;
    assert_eq!(found.len(), 1);
    assert_eq!(check_ends(&api, &found).await, 1, "it was begun again");
}

async fn active_script(api: &Api) -> String {
    let script = api
        .post(
            "/scripts",
            json!({ "name": "slow", "type": "oneoff", "source": SCRIPT, "limits": { "concurrency": 20 } }),
        )
        .await;
    let id = script["id"].as_str().unwrap().to_owned();
    api.post(&format!("/scripts/{id}/activate"), json!({}))
        .await;
    id
}

/// Asks for all executions at once; each task gives the id of what was accepted, or nothing when
/// the server was gone.
fn ask(api: &Api, script: &str) -> JoinSet<Option<String>> {
    let mut asked = JoinSet::new();
    for n in 0..ASKED {
        let (api, path) = (api.clone(), format!("/scripts/{script}/execute"));
        asked.spawn(async move {
            let body = json!({ "mode": "async", "input": { "n": n } });
            let (status, answer) = api.try_post(&path, &body).await.ok()?;
            assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
            Some(answer["id"].as_str().unwrap().to_owned())
        });
    }
    asked
}

/// Every execution has ended, and began at least once and as often as its attempts allow. Gives
/// how many were run again.
async fn check_ends(api: &Api, found: &BTreeMap<String, Value>) -> usize {
    let mut again = 0;
    for id in found.keys() {
        let execution = api.get(&format!("/executions/{id}")).await;
        let n = &execution["input"]["n"];
        assert_eq!(
            (&execution["status"], &execution["output"]["n"]),
            (&json!("completed"), n),
            "{execution}"
        );
        let began = api.get(&format!("/storage/began-{n}")).await["value"]
            .as_u64()
            .unwrap();
        let attempts = execution["attempt"].as_u64().unwrap();
        assert!((1..=attempts).contains(&began), "{began} of {attempts}");
        again += usize::from(attempts > 1);
    }
    again
}
