//! Script cases: a file says in its header how it is run and what is to come of it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scriptorium_model::delivery::payloads;
use scriptorium_model::endpoint::Method;
use scriptorium_model::event::Event;
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Language};
use scriptorium_model::trigger::{Batch, Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium_model::{EventId, Json};
use scriptorium_outbound::{Outbound, Policy};
use scriptorium_runtime::request::{HttpRequest, RequestParts};
use scriptorium_runtime::{Call, Finished};
use serde_json::Value;

use crate::harness::Harness;

/// A case: what is run, how, and what is to come of it.
pub(crate) struct Case {
    path: PathBuf,
    source: String,
    header: Vec<(String, String)>,
}

/// Runs every case of a folder and reports all that differ.
#[track_caller]
pub(crate) fn check(folder: &str, replace: &[(&str, String)]) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut wrong = String::new();
    runtime.block_on(async {
        let harness = Harness::with(options(replace)).await;
        for case in cases(folder, replace) {
            let finished = harness.runtime.run(job(&harness, &case)).await;
            let differences = differences(&case, &finished);
            if !differences.is_empty() {
                let name = case
                    .path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                write!(wrong, "\n{folder}/{name}:\n{differences}").unwrap();
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong}");
}

fn options(replace: &[(&str, String)]) -> scriptorium_runtime::Options {
    let mut options = crate::harness::options();
    if let Some((_, address)) = replace.iter().find(|(name, _)| *name == "ADDRESS") {
        let policy = Policy::default().allow([address.parse().unwrap()]);
        options.outbound = Some(Outbound::new(policy).unwrap());
    }
    options
}

fn cases(folder: &str, replace: &[(&str, String)]) -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scripts")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no cases");
    paths.into_iter().map(|path| read(path, replace)).collect()
}

fn read(path: PathBuf, replace: &[(&str, String)]) -> Case {
    let mut source = std::fs::read_to_string(&path).unwrap();
    for (name, value) in replace {
        source = source.replace(&format!("${name}"), value);
    }
    Case::new(path, source)
}

impl Case {
    pub(crate) fn new(path: PathBuf, source: String) -> Self {
        let header = source
            .lines()
            .map_while(|line| line.strip_prefix("// "))
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            path,
            source,
            header,
        }
    }

    /// The same as a case of another text.
    pub(crate) fn of(mut self, source: String) -> Self {
        self.source = source;
        self
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The same with lines that those of its own header come after.
    pub(crate) fn after(mut self, header: &[(&str, &str)]) -> Self {
        let lines = header
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        self.header = lines.chain(self.header).collect();
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.header
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

fn event(harness: &Harness, id: u128, payload: Json) -> Event {
    Event {
        id: EventId(uuid::Uuid::from_u128(id)),
        tenant: harness.tenant.id,
        kind: "order.created".into(),
        payload,
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: harness.ambient.now(),
    }
}

pub(crate) fn job(harness: &Harness, case: &Case) -> scriptorium_runtime::Job {
    let input = Json::parse(case.get("input").unwrap_or("null")).unwrap();
    let (trigger, call) = match case.get("kind").unwrap_or("oneoff") {
        "oneoff" => (Trigger::OneOff, Call::Main(input)),
        "embedded" => (Trigger::Embedded, Call::Embedded(input)),
        "scheduled" => (
            Trigger::Scheduled(Schedule::new("0 9 * * *", "Asia/Tashkent")),
            Call::Main(input),
        ),
        "event" => (
            Trigger::Event(Subscription::to(["order.created"])),
            Call::Event(Box::new(event(harness, 7, input))),
        ),
        "batch" => (
            Trigger::Event(Subscription {
                batch: Some(Batch::within(1_000)),
                ..Subscription::to(["order.created"])
            }),
            Call::Batch(
                payloads(&input)
                    .into_iter()
                    .zip(7..)
                    .map(|(payload, id)| event(harness, id, payload))
                    .collect(),
            ),
        ),
        "http" => (
            Trigger::Http(Endpoint::new(
                "/orders/{id}",
                &[Method::Post],
                EndpointAuth::Required,
            )),
            Call::Request(Arc::new(request(case))),
        ),
        other => panic!("{other} is no kind"),
    };
    let mut job = harness.job(&case.source, trigger, call);
    job.definition = Arc::new(configured(case, (*job.definition).clone()));
    job.execution.dry_run = case.get("dry") == Some("true");
    if case.get("user") == Some("none") {
        job.principal.user = None;
    }
    if let Some(names) = case.get("permissions") {
        job.principal.permissions = PermissionSet::from_names(names.split(' '));
    }
    job
}

fn configured(case: &Case, mut definition: Definition) -> Definition {
    if case
        .path
        .extension()
        .is_some_and(|extension| extension == "ts")
    {
        definition.language = Language::TypeScript;
    }
    if let Some(services) = case.get("services") {
        let names = services.split(' ').filter(|name| *name != "-");
        definition.allowed_services = Some(names.map(str::to_owned).collect());
    }
    definition.entry = case.get("entry").map(str::to_owned);
    for limit in case.all("limit") {
        let (name, value) = limit.split_once('=').unwrap();
        let number: u64 = value.parse().unwrap();
        let limits = &mut definition.limits;
        match name {
            "wall_ms" => limits.wall = Duration::from_millis(number),
            "cpu_ms" => limits.cpu = Duration::from_millis(number),
            "memory_bytes" => limits.memory_bytes = number,
            "api_calls" => limits.api_calls = number as u32,
            "service_calls" => limits.service_calls = number as u32,
            "output_bytes" => limits.output_bytes = number,
            other => panic!("{other} is no limit"),
        }
    }
    definition
}

fn request(case: &Case) -> HttpRequest {
    let headers = case
        .all("header")
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    HttpRequest::new(RequestParts {
        method: "POST".into(),
        path: "/orders/7".into(),
        params: vec![("id".into(), "7".into())],
        query: case.get("query").map(str::to_owned),
        headers,
        body: Bytes::from(case.get("body").unwrap_or("").to_owned()),
        ip: IpAddr::from([192, 0, 2, 1]),
        url: "http://localhost/api/scripts/orders/7".into(),
    })
    .unwrap()
}

/// A request that asks for nothing.
pub(crate) fn empty_request() -> HttpRequest {
    request(&Case::new(PathBuf::new(), String::new()))
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}

/// What the run and its header do not agree on.
pub(crate) fn differences(case: &Case, finished: &Finished) -> String {
    let mut out = String::new();
    let execution = &finished.execution;
    let mut expect = |what: &str, wanted: &str, got: String| {
        if wanted != got {
            writeln!(out, "  {what}\n    wanted {wanted}\n    got    {got}").unwrap();
        }
    };
    let ended = match &execution.failure {
        None => "ok".to_owned(),
        Some(failure) => failure.code.clone(),
    };
    if let Some(wanted) = case.get("fails") {
        expect("fails", wanted, ended);
        let failure = execution.failure.as_ref();
        let message = failure.map_or("", |failure| failure.message.as_str());
        let part = case.get("message").unwrap_or("");
        if !message.contains(part) {
            expect("message", part, message.to_owned());
        }
        if let (Some(wanted), Some(failure)) = (case.get("at"), failure) {
            let at = format!(
                "{}:{}",
                failure.line.unwrap_or(0),
                failure.column.unwrap_or(0)
            );
            expect("at", wanted, at);
        }
        if let (Some(wanted), Some(failure)) = (case.get("stack"), failure) {
            let stack = failure.stack.clone().unwrap_or_default();
            expect("stack", wanted, stack.trim().replace("\n    ", " | "));
        }
    } else {
        let detail = execution
            .failure
            .as_ref()
            .map(|failure| format!(" {} {:?}", failure.message, failure.stack));
        expect(
            "ends",
            "ok",
            format!("{ended}{}", detail.unwrap_or_default()),
        );
    }
    if let Some(wanted) = case.get("returns") {
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let got = execution
            .output
            .as_ref()
            .map_or(Value::Null, Json::to_value);
        expect("returns", &wanted.to_string(), got.to_string());
    }
    if let Some(reply) = &finished.reply {
        let shown = format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body));
        if let Some(wanted) = case.get("replies") {
            expect("replies", wanted, shown);
        }
        for wanted in case.all("reply-header") {
            let (name, _) = wanted.split_once('=').unwrap();
            let value = reply.headers.iter().find(|(key, _)| key == name);
            let value = value.map_or("", |(_, value)| value.as_str());
            expect("reply-header", wanted, format!("{name}={value}"));
        }
    }
    let logs: Vec<String> = finished
        .logs
        .iter()
        .map(|line| {
            let data = line.data.as_ref().map(|data| format!(" {data}"));
            let data = data.unwrap_or_default();
            format!(
                "{} {}{data}",
                line.level.as_str(),
                line.message.replace('\n', "\\n")
            )
        })
        .collect();
    let wanted: Vec<&str> = case.all("log").collect();
    if !wanted.is_empty() {
        expect(
            "log",
            &wanted.join("\n           "),
            logs.join("\n           "),
        );
    }
    // Figures of a warning depend on the machine; a limit warns once.
    for wanted in case.all("warns") {
        let is_it = |line: &&String| line.starts_with("warn ") && line.contains(wanted);
        let count = logs.iter().filter(is_it).count();
        expect(
            "warns",
            &format!("{wanted}, once"),
            format!("{wanted}, {}", times(count)),
        );
    }
    if let Some(wanted) = case.get("progress") {
        let progress = execution.progress.as_ref().map(|progress| {
            let total = progress.total.map_or("?".into(), |total| total.to_string());
            let text = progress.text.as_deref().unwrap_or("-");
            format!("{} of {total} {text}", progress.done)
        });
        expect(
            "progress",
            wanted,
            progress.unwrap_or_else(|| "none".into()),
        );
    }
    let effects: Vec<String> = execution
        .effects
        .items
        .iter()
        .map(|one| format!("{} {} {}", one.kind.as_str(), one.target, one.summary))
        .collect();
    let wanted: Vec<&str> = case.all("effect").collect();
    if !wanted.is_empty() || (case.get("dry").is_some() && case.get("fails").is_none()) {
        let all = "\n           ";
        expect("effects", &wanted.join(all), effects.join(all));
    }
    if let Some(wanted) = case.get("more-effects") {
        expect(
            "more-effects",
            wanted,
            execution.effects.dropped.to_string(),
        );
    }
    if let Some(wanted) = case.get("drops") {
        expect("drops", wanted, execution.metrics.dropped_logs.to_string());
    }
    for never in case.all("never-logs") {
        let count = logs.iter().filter(|line| line.contains(never)).count();
        expect("never-logs", "never", times(count));
    }
    let events: Vec<String> = finished
        .events
        .iter()
        .map(|event| format!("{} {}", event.kind, event.payload))
        .collect();
    let wanted: Vec<&str> = case.all("event").collect();
    if !wanted.is_empty() {
        expect("event", &wanted.join(", "), events.join(", "));
    }
    out
}
