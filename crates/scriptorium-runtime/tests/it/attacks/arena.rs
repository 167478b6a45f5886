//! Where attacks take place: one runtime, a tenant that attacks, and a neighbour with secrets who
//! wants to work meanwhile. One slot of each lane, so that a run gets the memory of the one before.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use scriptorium_model::Json;
use scriptorium_model::script::Definition;
use scriptorium_model::trigger::Trigger;
use scriptorium_runtime::{Finished, Job, Options};
use serde_json::json;

use super::report::Row;
use super::surroundings;
use crate::cases::{self, Case};
use crate::harness::{self, Harness, definition};

/// A group on its way to its row.
pub(super) type Grouped<'a> = Pin<Box<dyn Future<Output = Row> + 'a>>;

/// What of the environment is long enough to be told from chance.
const LONG_ENOUGH: usize = 12;
/// A neighbour has to be answered by then, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

const IN_STORAGE: &str = "CANARY-STORAGE-51c0e7";
const IN_A_TEMPLATE: &str = "CANARY-TEMPLATE-9b4f20";
const IN_A_LIBRARY: &str = "CANARY-LIBRARY-c2d811";
const IN_A_RUN: &str = "CANARY-RUN-5b21aa";
const IN_A_FILE: &str = "CANARY-FILE-e0077d";

/// What the neighbour does: reads its own, computes, and finds the language as it was.
const PROBE: &str = r#"async function main() {
  const memory = "CANARY-RUN-5b21aa".repeat(1000);
  let sum = 0;
  for (let i = 0; i < 1000; i++) sum += i;
  return [await storage.get("secret"), await utils.template.render("neighbours"), sum, memory.length, {}.polluted ?? null];
}"#;

pub(super) struct Arena {
    attacker: Harness,
    neighbour: Harness,
    /// What no attack may get to see.
    canaries: Vec<String>,
    _dir: tempfile::TempDir,
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn options() -> Options {
    Options {
        hot_slots: 1,
        overflow_slots: 1,
        guest_threads: 2,
        ..harness::options()
    }
}

impl Arena {
    pub(super) async fn new() -> Self {
        surroundings::count_panics();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("canary"), IN_A_FILE).unwrap();
        let attacker = Harness::open(dir.path(), options()).await;
        let neighbour = attacker.neighbour("neighbour").await;
        let ctx = neighbour.ctx();
        let secret = Json::from(json!(IN_STORAGE));
        let store = &neighbour.store;
        store.set_entry(&ctx, "secret", secret, None).await.unwrap();
        store
            .put_template(&ctx, "neighbours", IN_A_TEMPLATE)
            .await
            .unwrap();
        let library = format!("export default \"{IN_A_LIBRARY}\";");
        let library = Definition {
            library: true,
            ..definition("vault", &library, Trigger::Embedded)
        };
        neighbour.script(library).await;
        let arena = Self {
            canaries: canaries(&neighbour, dir.path().to_owned()),
            attacker,
            neighbour,
            _dir: dir,
        };
        arena.warm_up().await;
        arena
    }

    /// Everything that is made once is made before anything is counted.
    async fn warm_up(&self) {
        for _ in 0..3 {
            let probes = [self.probe(), self.probe(), self.probe(), self.probe()];
            for probe in futures_util::future::join_all(probes).await {
                probe.unwrap();
            }
        }
    }

    pub(super) fn job(&self, case: &Case) -> Job {
        cases::job(&self.attacker, case)
    }

    /// A job of one script that is given this.
    pub(super) fn job_of(&self, source: &str, input: serde_json::Value) -> Job {
        let call = scriptorium_runtime::Call::Main(input.into());
        self.attacker.job(source, Trigger::OneOff, call)
    }

    pub(super) async fn run(&self, job: Job) -> Finished {
        self.attacker.runtime.run(job).await
    }

    /// The script again, told to look around.
    pub(super) async fn look(&self, case: &Case) -> Finished {
        self.run(looking(cases::job(&self.attacker, case))).await
    }

    /// The same in the neighbour's tenant.
    pub(super) async fn look_beside(&self, case: &Case) -> Finished {
        self.run(looking(cases::job(&self.neighbour, case))).await
    }

    /// How long the neighbour waits for its answer, which has to be right.
    pub(super) async fn probe(&self) -> Result<Duration, String> {
        let began = Instant::now();
        let work = self.neighbour.runtime.run(self.neighbour.main(PROBE));
        let finished = tokio::time::timeout(PATIENCE, work)
            .await
            .map_err(|_| format!("has no answer after {PATIENCE:?}"))?;
        let took = began.elapsed();
        let wanted = json!([IN_STORAGE, IN_A_TEMPLATE, 499_500, 17_000, null]);
        match finished.execution.output.as_ref().map(Json::to_value) {
            Some(got) if got == wanted => Ok(took),
            Some(got) => Err(format!("got {got}")),
            None => Err(format!("failed: {:?}", finished.execution.failure)),
        }
    }

    /// The secrets that can be seen in what became of a run.
    pub(super) fn seen(&self, finished: &Finished) -> Vec<&str> {
        let text = told(finished);
        let seen = self.canaries.iter().map(String::as_str);
        seen.filter(|canary| text.contains(canary)).collect()
    }
}

fn looking(mut job: Job) -> Job {
    job.call = scriptorium_runtime::Call::Main(json!("look").into());
    let mut definition = (*job.definition).clone();
    definition.limits = harness::definition("look", "", Trigger::OneOff).limits;
    job.definition = definition.into();
    job
}

/// The neighbour's data and names, the files' places, and what is in the environment.
fn canaries(neighbour: &Harness, dir: PathBuf) -> Vec<String> {
    let environment = std::env::vars().map(|(_, value)| value);
    let known = [
        IN_STORAGE,
        IN_A_TEMPLATE,
        IN_A_LIBRARY,
        IN_A_RUN,
        IN_A_FILE,
        &dir.display().to_string(),
        &neighbour.tenant.id.to_string(),
        &neighbour.user.id.to_string(),
        &neighbour.user.email,
    ]
    .map(str::to_owned);
    let long = environment.filter(|value| value.len() >= LONG_ENOUGH);
    known.into_iter().chain(long).collect()
}

/// Everything that leaves a run: output, failure, lines, events, answer, entries of the trail.
fn told(finished: &Finished) -> String {
    let execution = &finished.execution;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        execution
            .output
            .as_ref()
            .map(|json| json.as_str().to_owned()),
    );
    if let Some(failure) = &execution.failure {
        parts.push(failure.message.clone());
        parts.extend(failure.stack.clone());
        parts.extend(
            failure
                .details
                .as_ref()
                .map(|json| json.as_str().to_owned()),
        );
    }
    for line in &finished.logs {
        parts.push(line.message.clone());
        parts.extend(line.data.as_ref().map(|json| json.as_str().to_owned()));
    }
    for event in &finished.events {
        parts.push(event.kind.clone());
        parts.push(event.payload.as_str().to_owned());
    }
    if let Some(reply) = &finished.reply {
        parts.extend(
            reply
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        parts.push(String::from_utf8_lossy(&reply.body).into_owned());
    }
    for incident in &finished.incidents {
        parts.push(format!("{} {}", incident.target, incident.reason));
    }
    parts.join("\n")
}
