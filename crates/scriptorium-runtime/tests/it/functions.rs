//! Every function of the script API, and what every one of them has to withstand (T3.3): the cases are files of
//! `tests/scripts/functions`, named by function; which of them a function has to have, its declaration says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scriptorium_model::outgoing::{OutgoingCredential, OutgoingHeader, OutgoingRules};
use scriptorium_model::permission::Permission;
use scriptorium_model::secret::SecretChange;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Json, ScriptId};
use scriptorium_outbound::{Outbound, Policy};
use scriptorium_runtime::{
    Call, CallClass, Finished, Function, Job, MailServer, MailTls, Notifications, Options, Reach,
    Shares, SmsGateway, Takes, TenantShare,
};
use serde_json::{Value, json};

use crate::cases::{self, Case};
use crate::harness::{Database, Harness};

/// What the neighbour's things say, and nobody else may.
const CANARY: &str = "CANARY-OF-OTHERS";
const CASES: &str = include_str!("functions/cases.js");
const NEIGHBOUR: &str = include_str!("functions/neighbour.js");

/// What is tried with every function, as its file says it and the declaration asks for it.
struct Tried {
    function: Function,
    case: Case,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts/functions")
}

/// The functions that are declared, each with its file.
fn tried(address: &str) -> Vec<Tried> {
    let functions = scriptorium_runtime::functions().into_iter();
    let read = functions.map(|function| {
        let path = folder().join(format!("{}.js", function.path));
        // Who has none has empty cells, which is told.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let case = Case::new(path, text.replace("$ADDRESS", address));
        Tried { function, case }
    });
    read.collect()
}

impl Tried {
    fn lists(&self, name: &str) -> Vec<String> {
        let list = self.case.get(name).unwrap_or("[]");
        serde_json::from_str(list).unwrap()
    }

    /// How a run ends that calls it for ever.
    fn ends(&self) -> &str {
        let by_class = match self.function.class {
            CallClass::Io | CallClass::Service => "limit.api_calls",
            CallClass::Free => "limit.cpu",
        };
        self.case.get("ends").unwrap_or(by_class)
    }

    /// What the table has no case for, though the declaration says that there has to be one.
    fn empty(&self) -> Vec<String> {
        let mut empty = Vec::new();
        if self.case.get("success").is_none() {
            empty.push("success".to_owned());
        }
        if self.function.takes == Takes::Something {
            let refused = self.lists("arguments");
            if refused.is_empty() {
                empty.push("wrong arguments".to_owned());
            }
            for name in &self.function.checked {
                let of = |outcome: &String| {
                    let field = outcome.split_once(' ').map_or("", |(_, field)| field);
                    field == name || field.starts_with(&format!("{name}."))
                };
                if !refused.iter().any(of) {
                    empty.push(format!("wrong arguments: {name}"));
                }
            }
        }
        if self.function.reach == Reach::Tenant && self.lists("tenant").is_empty() {
            empty.push("other tenant".to_owned());
        }
        empty
    }

    /// One case of it: an entry of the common part, and what is to come of it.
    fn case(&self, entry: &str, header: &[(&str, &str)]) -> Case {
        let own = ["kind", "input", "log", "event", "progress"];
        let own = own.iter().flat_map(|name| {
            let lines = self.case.all(name);
            lines.map(move |value| (*name, value))
        });
        let shown = |name: &str| ["kind", "input"].contains(&name) || entry == "success";
        let own: Vec<(&str, &str)> = own.filter(|(name, _)| shown(name)).collect();
        let source = format!("{}\n{CASES}", self.case.source());
        let case = Case::new(folder().join(&self.function.path), String::new());
        case.of(source)
            .after(&own)
            .after(&[("entry", entry)])
            .after(header)
    }
}

/// Two tenants that have never seen each other.
struct Pair {
    ours: Harness,
    theirs: Harness,
    /// The same in both, as it would be if ids were not what they are.
    script: ScriptId,
    address: String,
}

impl Pair {
    async fn of(harness: &Harness, number: usize, address: &str) -> Self {
        let ours = harness.neighbour(&format!("ours-{number}")).await;
        let theirs = harness.neighbour(&format!("theirs-{number}")).await;
        let (store, ctx) = (&theirs.store, theirs.ctx());
        let secret = SecretChange {
            value: Some(format!("{CANARY} secret")),
            ..SecretChange::default()
        };
        store.put_secret(&ctx, "theirs", &secret).await.unwrap();
        let template = store.put_template(&ctx, "theirs", CANARY).await;
        template.unwrap();
        let rules = OutgoingRules {
            credentials: vec![OutgoingCredential {
                origin: format!("http://{address}"),
                headers: vec![OutgoingHeader {
                    name: "x-canary".into(),
                    text: CANARY.into(),
                    secret: None,
                }],
                certificate: None,
            }],
            ..OutgoingRules::default()
        };
        store.put_outgoing_rules(&ctx, &rules).await.unwrap();
        ours.keep_secrets().await;
        Self {
            script: ours.ambient.new_id(),
            ours,
            theirs,
            address: address.to_owned(),
        }
    }

    fn job(&self, case: &Case) -> Job {
        let mut job = cases::job(&self.ours, case);
        job.script = self.script;
        job
    }

    /// Runs a case of ours; what it and its header do not agree on, and what is not ours.
    async fn run(&self, name: &str, case: &Case) -> String {
        let finished = self.ours.runtime.run(self.job(case)).await;
        self.differences(name, case, &finished)
    }

    fn differences(&self, name: &str, case: &Case, finished: &Finished) -> String {
        let mut found = cases::differences(case, finished);
        let logs = finished.logs.iter().map(|line| format!("{line:?}"));
        let told = format!(
            "{:?} {:?} {}",
            finished.execution.output,
            finished.execution.failure,
            logs.collect::<String>()
        );
        if told.contains(CANARY) {
            writeln!(found, "  has what is the neighbour's: {told}").unwrap();
        }
        let ours = self.ours.tenant.id;
        let events = finished.events.iter().map(|event| event.tenant);
        let messages = finished.notifications.iter().map(|one| one.tenant);
        if events.chain(messages).any(|tenant| tenant != ours) {
            writeln!(found, "  left something for another tenant").unwrap();
        }
        if found.is_empty() {
            return found;
        }
        format!("\n{name}:\n{found}")
    }

    /// What the neighbour has of a capability.
    async fn theirs(&self, capability: &str) -> Value {
        let source = NEIGHBOUR.replace("$ADDRESS", &self.address);
        let input = Call::Main(json!(capability).into());
        let mut job = self.theirs.job(&source, Trigger::OneOff, input);
        job.script = self.script;
        let finished = self.theirs.runtime.run(job).await;
        let execution = finished.execution;
        let output = execution.output.as_ref().map(Json::to_value);
        output.unwrap_or_else(|| panic!("{:?}", execution.failure))
    }

    /// Stops a run in the middle of its calls.
    async fn stopped(&self, name: &str, case: &Case) -> String {
        let runtime = &self.ours.runtime;
        let job = self.job(case);
        let id = job.execution.id;
        let run = runtime.run(job);
        tokio::pin!(run);
        let finished = loop {
            tokio::select! {
                // Of its own accord it ends only when something is wrong, which is told.
                finished = &mut run => break finished,
                () = tokio::time::sleep(Duration::from_millis(2)) => {
                    if runtime.watch(id).is_some_and(|seen| !seen.lines.is_empty()) {
                        runtime.cancel(id);
                    }
                }
            }
        };
        self.differences(name, case, &finished)
    }
}

/// Tries one function in every way that its declaration asks for.
async fn check(pair: &Pair, tried: &Tried) -> String {
    let path = &tried.function.path;
    let named = |what: &str| format!("{path}, {what}");
    let mut wrong = String::new();
    // A run that nobody has been before comes first.
    if let Some(needed) = &tried.function.permission {
        let all = Permission::ALL.iter().map(|one| one.as_str());
        let others: Vec<&str> = all.filter(|name| name != needed).collect();
        let refused = json!(format!("PERMISSION_DENIED {needed}")).to_string();
        let header = [
            ("permissions", others.join(" ")),
            ("returns", refused.clone()),
        ];
        let header: Vec<_> = header.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let case = tried.case("forbidden", &header);
        wrong += &pair.run(&named("missing permission"), &case).await;
    }
    if tried.function.reach == Reach::Tenant {
        let capability = path.split('.').next().unwrap();
        let before = pair.theirs(capability).await;
        let input = before.to_string();
        let expected = tried.case.get("tenant").unwrap_or("null");
        let header = [
            ("input", input.as_str()),
            ("kind", "oneoff"),
            ("limit", "api_calls=10000"),
            ("limit", "service_calls=10000"),
            ("returns", expected),
        ];
        let case = tried.case("others", &header);
        wrong += &pair.run(&named("other tenant"), &case).await;
        let after = pair.theirs(capability).await;
        if after["kept"] != before["kept"] {
            write!(wrong, "\n{path}, other tenant: {before} is now {after}").unwrap();
        }
    }
    let success = tried.case.get("success").unwrap_or("null");
    let case = tried.case("success", &[("returns", success)]);
    wrong += &pair.run(&named("success"), &case).await;
    if tried.function.takes == Takes::Something {
        let expected = tried.case.get("arguments").unwrap_or("null");
        let case = tried.case("refused", &[("returns", expected)]);
        wrong += &pair.run(&named("wrong arguments"), &case).await;
    }
    let limits = [
        ("limit", "api_calls=9"),
        ("limit", "service_calls=9"),
        if tried.ends() == "limit.wall" {
            ("limit", "wall_ms=200")
        } else {
            ("limit", "cpu_ms=60")
        },
        ("fails", tried.ends()),
    ];
    let case = tried.case("endless", &limits);
    wrong += &pair.run(&named("limit"), &case).await;
    let patience = [
        ("limit", "api_calls=10000"),
        ("limit", "service_calls=10000"),
        ("limit", "wall_ms=60000"),
        ("fails", "cancelled"),
    ];
    let case = tried.case("stopped", &patience);
    wrong += &pair.stopped(&named("cancellation"), &case).await;
    wrong
}

fn options(address: &str) -> Options {
    let policy = Policy::default().allow([address.parse().unwrap()]);
    Options {
        outbound: Some(Outbound::new(policy).unwrap()),
        // Their pace is tried elsewhere.
        shares: Shares {
            others: TenantShare::TRUSTED,
            ..Shares::default()
        },
        // Nobody sends what they leave: it waits.
        notifications: Notifications {
            mail: Some(MailServer {
                host: "localhost".into(),
                port: None,
                tls: MailTls::Off,
                login: None,
                from: "Acme <no-reply@acme.example>".into(),
                authority: None,
            }),
            sms: Some(SmsGateway {
                url: "http://localhost/".into(),
                body: Some(SmsGateway::BODY.into()),
                content_type: SmsGateway::JSON.into(),
                authorization: None,
            }),
            ..Notifications::default()
        },
        ..crate::harness::options()
    }
}

async fn check_all(database: Database, which: impl Fn(&Function) -> bool) {
    let address = crate::http::serve().to_string();
    let harness = Arc::new(Harness::on(database, options(&address)).await);
    let mut wrong = String::new();
    for (number, tried) in tried(&address).iter().enumerate() {
        if which(&tried.function) {
            let pair = Pair::of(&harness, number, &address).await;
            wrong += &check(&pair, tried).await;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_withstands_its_cases() {
    check_all(Database::Sqlite, |_| true).await;
}

/// Those that reach something of the tenant's, which is in the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_withstands_its_cases_on_postgresql() {
    check_all(Database::Postgres, |one| one.reach == Reach::Tenant).await;
}

#[test]
fn no_case_is_missing_and_none_is_left_over() {
    let mut wrong = Vec::new();
    let tried = tried("");
    for one in &tried {
        let missing = one.empty().into_iter();
        wrong.extend(missing.map(|cell| format!("{}: {cell}", one.function.path)));
    }
    let declared: BTreeSet<String> = tried
        .iter()
        .map(|one| format!("{}.js", one.function.path))
        .collect();
    let files = std::fs::read_dir(folder()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let unknown = files.filter(|file| !declared.contains(file));
    wrong.extend(unknown.map(|file| format!("{file}: no function is declared of this name")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The page in the repository is the one that declarations and cases give.
#[test]
fn table_of_cases_is_up_to_date() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/script-cases.md"
    );
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let table = table(&tried(""));
    if written != table {
        let fresh = concat!(env!("CARGO_TARGET_TMPDIR"), "/script-cases.md");
        std::fs::write(fresh, table).unwrap();
        panic!("{path} is out of date; copy {fresh} over it");
    }
}

fn table(tried: &[Tried]) -> String {
    let mut out = String::from(
        "# Cases of the script API\n\n<!-- Written by the tests of scriptorium-runtime from the declarations and the cases; change those. -->\n\n\
Every function that scripts can call, and what it is tried with by real executions, each with two tenants of its own. Which cases a \
function has to have follows from its declaration, and a test fails that names those that are missing: one success; \
wrong arguments, at least one for every parameter that the host checks; the run's principal without the permission, with every \
other one; calls without an end, until a limit ends the run; a run that is stopped in the middle of its calls; and, where it \
reaches what the tenant has, another tenant's names and ids, also disguised, and what elsewhere means all or nothing \
(`*`, `%`, `..`, NUL, 1 MiB): it gets nothing of theirs, and theirs is unchanged.\n\n\
| Function | Success | Wrong arguments | Missing permission | Limit | Cancellation | Another tenant's names and ids | Databases |\n\
|---|---|---|---|---|---|---|---|\n",
    );
    for one in tried {
        let function = &one.function;
        let arguments = match function.takes {
            Takes::Nothing => "takes none".to_owned(),
            Takes::Anything => "takes any".to_owned(),
            Takes::Something => one.lists("arguments").len().to_string(),
        };
        let permission = match &function.permission {
            Some(name) => format!("`{name}`"),
            None => "needs none".to_owned(),
        };
        let (others, databases) = match function.reach {
            Reach::Arguments => ("sees its arguments only", "uses none"),
            Reach::Execution => ("sees its execution only", "uses none"),
            Reach::Tenant => ("kept apart", "SQLite, PostgreSQL"),
        };
        writeln!(
            out,
            "| `{}` | yes | {arguments} | {permission} | `{}` | `cancelled` | {others} | {databases} |",
            function.path,
            one.ends()
        )
        .unwrap();
    }
    out
}
