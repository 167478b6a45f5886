//! Nothing that was accepted is lost, and nothing is done by two (security.md 4.4): servers are killed,
//! stopped and cut off while events are published to them, and three records that know nothing of one
//! another are compared afterwards. L1: what the client got an answer for, each line on disk before the
//! next request. L2: what the script wrote into the tenant's storage. L3: what arrived at an HTTP server
//! outside of the platform. The long form is `make torture`.

mod follow_ups;
mod keys;
mod letters;
mod overload;
mod servers;
mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::servers::{Nemesis, Servers};
use self::sink::Sink;
use crate::crash::Api;

/// How many events each scenario publishes.
const EVENTS: &str = "SCRIPTORIUM_LEDGER_EVENTS";
/// How long everything accepted may take to come to its end, once nobody disturbs it any more; more for many.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long an execution stays with a server that is gone.
const LEASE: Duration = Duration::from_secs(15);
/// Requests of the client at once.
const CLIENTS: usize = 8;
/// Of so many events some cannot be dealt with, each in its own way, and become dead letters.
const POISON: usize = 50;
/// What is wrong with the first of them; the last two only where that is the scenario.
const POISONS: [&str; 4] = ["throws", "memory", "kills", "loops"];
/// Executions that an event may have. Where connections are cut all the time, a script's calls fail twice in a
/// row now and then.
const ATTEMPTS: u64 = 3;

struct Scenario {
    /// Its number in security.md.
    name: &'static str,
    postgres: bool,
    servers: usize,
    nemesis: Nemesis,
    every: Duration,
    /// What is otherwise than an operator gets it.
    settings: &'static [(&'static str, &'static str)],
}

impl Scenario {
    /// One server on SQLite, and nobody who disturbs it.
    fn alone(name: &'static str) -> Self {
        Self {
            name,
            postgres: false,
            servers: 1,
            nemesis: Nemesis::Nothing,
            every: Duration::ZERO,
            settings: &[],
        }
    }
}

/// Writes down what it does, in two places that the platform's end of the execution is not part of.
fn source(sink: &str) -> String {
    format!(
        "export default async function handleEvent(event, ctx) {{
           const {{ n, poison }} = event.payload;
           const {{ id: execution, attempt }} = ctx.execution;
           const seen = (await storage.get(`effect-${{n}}`)) ?? [];
           await storage.set(`effect-${{n}}`, [...seen, [execution, attempt]]);
           await http.post('http://{sink}/', {{ n, execution, attempt, poison }});
           if (poison === 'throws') throw new Error('poison');
           if (poison === 'loops') for (;;);
           if (poison === 'memory') for (const all = [];;) all.push(new Array(100000).fill(n));
           return {{ n, attempt }};
         }}"
    )
}

async fn subscribe(api: &Api, source: String) {
    subscribe_to(api, "ledger.entry", ATTEMPTS, source).await;
}

/// Has a script run for each event of a type; gives its id.
async fn subscribe_to(api: &Api, kind: &str, attempts: u64, source: String) -> String {
    let script = json!({
        "name": kind.replace('.', "-"),
        "type": "event",
        "source": source,
        "event": { "types": [kind], "max_attempts": attempts },
        "limits": { "concurrency": 20, "memory_bytes": 32 << 20, "cpu_ms": 2_000 },
    });
    let script = api.post("/scripts", script).await;
    let id = script["id"].as_str().unwrap().to_owned();
    api.post(&format!("/scripts/{id}/activate"), json!({}))
        .await;
    id
}

/// The API of a new tenant.
async fn another_tenant(api: &Api, slug: &str) -> Api {
    api.post("/tenants", json!({ "slug": slug, "name": slug }))
        .await;
    let token = json!({ "name": slug, "tenant": slug, "permissions": ["*"] });
    let token = api.post("/tokens", token).await;
    api.by(token["secret"].as_str().unwrap())
}

/// L1: who was answered, in the order of the answers.
struct Answered {
    file: Mutex<File>,
    path: PathBuf,
}

impl Answered {
    fn new(folder: &Path) -> Self {
        let path = folder.join("answered");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Self {
            file: Mutex::new(file.unwrap()),
            path,
        }
    }

    fn write(&self, n: usize) {
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{n}").unwrap();
        file.sync_data().unwrap();
    }

    fn read(&self) -> BTreeSet<usize> {
        let text = fs::read_to_string(&self.path).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// What is published.
#[derive(Clone, Copy)]
struct Load {
    /// How many events.
    all: usize,
    /// So many before something is done to the servers: the others meet it, however fast the servers are.
    unharmed: usize,
    /// How many of the kinds of poison are among them.
    poisons: usize,
}

/// Publishes events until all are answered: one that is not is published again under the same id.
async fn publish(
    servers: Arc<Servers>,
    answered: Arc<Answered>,
    next: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    load: Load,
) {
    let client = Api::at(&servers.url(0));
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= load.all {
            return;
        }
        while n >= load.unharmed && !servers.were_struck() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let poison = POISONS[..load.poisons].get(n % POISON);
        let event = json!({
            "id": format!("0190f3e0-0000-7000-8000-{n:012x}"),
            "type": "ledger.entry",
            "payload": { "n": n, "poison": poison },
        });
        for round in n.. {
            let api = client.to(&servers.url(round));
            match api.try_post("/events", &event).await {
                Ok((StatusCode::ACCEPTED, _)) => {
                    answered.write(n);
                    break;
                }
                Ok((status, answer)) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    assert!(
                        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
                        "{status} {answer}"
                    );
                }
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What the platform says of an event.
#[derive(Default)]
struct Account {
    /// Executions that are no retries: deliveries.
    deliveries: usize,
    completed: usize,
    dead: usize,
    /// Ends that were recorded for an attempt that no longer held the lease.
    stale: usize,
    /// Its servers were killed at every attempt.
    given_up: bool,
}

/// Asks for many things, several at once.
async fn each<T: Send + 'static>(
    api: &Api,
    paths: impl IntoIterator<Item = String>,
    read: fn(&Value) -> T,
) -> Vec<T> {
    let (mut asked, mut answers) = (JoinSet::new(), Vec::new());
    for path in paths {
        if asked.len() == CLIENTS {
            answers.push(asked.join_next().await.unwrap().unwrap());
        }
        let api = api.clone();
        asked.spawn(async move { read(&api.get(&path).await) });
    }
    answers.extend(asked.join_all().await);
    answers
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

async fn accounts(api: &Api, answered: &BTreeSet<usize>) -> BTreeMap<usize, Account> {
    let mut accounts: BTreeMap<usize, Account> = BTreeMap::new();
    let executions = api.executions("&trigger=event").await.into_keys();
    let paths = executions.map(|id| format!("/executions/{id}"));
    let ends = each(api, paths, |execution| {
        let is_completed = execution["status"] == "completed";
        let end = Account {
            deliveries: usize::from(execution["first_execution_id"].is_null()),
            completed: usize::from(is_completed),
            stale: usize::from(
                is_completed && execution["output"]["attempt"] != execution["attempt"],
            ),
            ..Account::default()
        };
        (number(&execution["input"]["n"]), end)
    });
    for (n, end) in ends.await {
        let account = accounts.entry(n).or_default();
        account.deliveries += end.deliveries;
        account.completed += end.completed;
        account.stale += end.stale;
    }
    let letters = api.items("/dead-letters?limit=200").await;
    let paths = letters
        .iter()
        .map(|letter| format!("/dead-letters/{}", letter["id"].as_str().unwrap()));
    let letters = each(api, paths, |letter| {
        let given_up = letter["error"]["code"] == "platform.lost";
        (number(&letter["payload"]["n"]), given_up)
    });
    for (n, given_up) in letters.await {
        let account = accounts.entry(n).or_default();
        account.dead += 1;
        account.given_up |= given_up;
    }
    assert!(
        accounts.keys().all(|n| answered.contains(n)),
        "nobody published it"
    );
    accounts
}

/// Waits until nothing of a tenant is under way any more.
async fn quiet(api: &Api, all: usize) {
    let began = Instant::now();
    let patience = PATIENCE + all as u32 * Duration::from_millis(20);
    loop {
        let mut left = 0;
        for status in ["pending", "running"] {
            let page = format!("/executions?limit=1&status={status}");
            left += api.get(&page).await["items"].as_array().unwrap().len();
        }
        if left == 0 {
            let ended = api.executions("&trigger=event").await;
            let delivered = ended
                .values()
                .filter(|one| one["first_execution_id"].is_null());
            left = all.saturating_sub(delivered.count());
        }
        if left == 0 {
            return;
        }
        assert!(began.elapsed() < patience, "{left} are still under way");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn events() -> usize {
    env::var(EVENTS).map_or(200, |text| text.parse().unwrap())
}

async fn check(scenario: Scenario) {
    // Each of those that kill their server does it at every attempt.
    let all = match scenario.nemesis {
        Nemesis::Poison => events().min(1_000),
        _ => events(),
    };
    let mut sink = Sink::start().await;
    let servers = Arc::new(tokio::task::block_in_place(|| {
        Servers::start(&scenario, &sink.address)
    }));
    subscribe(&Api::at(&servers.url(0)), source(&sink.address)).await;
    let poisons = match scenario.nemesis {
        Nemesis::Poison => POISONS.len(),
        _ => 2,
    };
    let load = Load {
        all,
        unharmed: match scenario.nemesis {
            Nemesis::Nothing | Nemesis::Poison => all,
            _ => all / 2,
        },
        poisons,
    };
    let folder = tempfile::tempdir().unwrap();
    let answered = Arc::new(Answered::new(folder.path()));

    let [next, refused] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (servers, answered) = (servers.clone(), answered.clone());
        let (next, refused) = (next.clone(), refused.clone());
        clients.spawn(publish(servers, answered, next, refused, load));
    }
    let over = Arc::new(AtomicBool::new(false));
    let strikes = {
        let (servers, over) = (servers.clone(), over.clone());
        let kills = sink.kills.take();
        tokio::task::spawn_blocking(move || {
            match scenario.nemesis {
                Nemesis::Nothing => Vec::new(),
                // What was lost with a server begins again within its lease.
                Nemesis::Poison => {
                    let wish = || kills.as_ref().unwrap().recv_timeout(3 * LEASE).ok();
                    let wishes = std::iter::from_fn(wish);
                    wishes
                        .map(|()| servers.strike(Nemesis::Poison, 0))
                        .collect()
                }
                // At least once, however soon the clients are done.
                nemesis => servers.strike_until(&over, nemesis, scenario.every),
            }
        })
    };
    clients.join_all().await;
    over.store(true, Ordering::Relaxed);
    let strikes = strikes.await.unwrap();
    servers.calm();
    let api = Api::at(&servers.url(0));
    quiet(&api, all).await;

    let answered = answered.read();
    let accounts = accounts(&api, &answered).await;
    let arrivals = sink.arrivals.lock().unwrap().clone();
    let arrived: BTreeSet<usize> = arrivals.iter().map(|(n, ..)| *n).collect();
    // Whatever came to an end of its own has left its traces.
    let own_end = |n: &&usize| accounts.get(n).is_some_and(|account| !account.given_up);
    let paths = answered.iter().filter(own_end);
    let paths = paths.map(|n| format!("/storage/effect-{n}"));
    let seen = each(&api, paths, |seen| {
        let seen = seen["value"].as_array().map_or(0, Vec::len);
        assert!(seen > 0, "it ended without an effect");
        seen
    });
    let effects: usize = seen.await.iter().sum();
    let (mut lost, mut doubled, mut stale, mut given_up) = (Vec::new(), Vec::new(), 0, 0);
    for n in &answered {
        let none = Account::default();
        let account = accounts.get(n).unwrap_or(&none);
        let ends = (account.completed, account.dead);
        // One that no server lived long enough for is a dead letter, too.
        let poisoned = n % POISON < poisons;
        let fits = match ends {
            (0, 1) => poisoned || account.given_up,
            (1, 0) => !poisoned,
            _ => false,
        };
        if ends == (0, 0) {
            lost.push(*n);
        } else if !fits || account.deliveries != 1 {
            doubled.push(*n);
        }
        stale += account.stale;
        given_up += usize::from(account.given_up);
        assert!(
            account.given_up || arrived.contains(n),
            "{n} did not arrive"
        );
    }
    let recovery = |strike: &Instant| {
        let after = arrivals
            .iter()
            .map(|(.., at)| *at)
            .filter(|at| at > strike)
            .min();
        after.map_or(Duration::ZERO, |at| at - *strike)
    };
    let worst = strikes.iter().map(recovery).max().unwrap_or_default();
    let completed: usize = accounts.values().map(|one| one.completed).sum();
    let dead: usize = accounts.values().map(|one| one.dead).sum();
    let refused = refused.load(Ordering::Relaxed);
    eprintln!(
        "{:<7} {:<8} {:<15} accepted {:>6}  refused {refused:>5}  executed {completed:>6}  dead {dead:>5}  lost {:>3}  doubled {:>3}  \
         stale {stale:>3}  given up {given_up:>3}  begun again {:>4}  strikes {:>4}  worst recovery {:>5} ms",
        scenario.name,
        if scenario.postgres {
            "postgres"
        } else {
            "sqlite"
        },
        format!("{:?}", scenario.nemesis),
        answered.len(),
        lost.len(),
        doubled.len(),
        effects.saturating_sub(completed + dead * usize::try_from(ATTEMPTS).unwrap()),
        strikes.len(),
        worst.as_millis(),
    );
    assert_eq!(answered.len(), all);
    assert_eq!((lost, doubled, stale), (vec![], vec![], 0));
    if scenario.nemesis == Nemesis::FullDisk {
        assert!(refused > 0, "everything was accepted without a disk");
    }
    if scenario.nemesis == Nemesis::Poison {
        let killers = answered.iter().filter(|n| *n % POISON == 2);
        let whole = killers.clone().all(|n| accounts[n].given_up);
        assert!(whole, "an execution that kills its server goes on");
    }
}

/// One tenant publishes much, and another a little after it: that does not wait for the much (REL-14).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`make torture` runs it"]
async fn ledger_of_one_who_publishes_much() {
    const FEW: usize = 10;
    let all = events();
    let sink = Sink::start().await;
    let scenario = Scenario::alone("REL-14");
    let servers = tokio::task::block_in_place(|| Servers::start(&scenario, &sink.address));
    let many = Api::at(&servers.url(0));
    let few = another_tenant(&many, "quiet").await;
    // So much that it waits.
    subscribe(&many, overload::source(&sink.address)).await;
    subscribe(&few, source(&sink.address)).await;
    let event = |n: usize| json!({ "type": "ledger.entry", "payload": { "n": n } });
    let mut publishers = JoinSet::new();
    for publisher in 0..CLIENTS {
        let many = many.clone();
        publishers.spawn(async move {
            for n in (FEW..all).filter(|n| n % CLIENTS == publisher) {
                many.post("/events", event(n)).await;
            }
        });
    }
    publishers.join_all().await;
    let mut published = Vec::new();
    for n in 0..FEW {
        published.push(Instant::now());
        few.post("/events", event(n)).await;
    }
    quiet(&few, FEW).await;
    let before = sink.arrivals.lock().unwrap().clone();
    quiet(&many, all - FEW).await;
    let began = |n: usize| before.iter().find(|(one, ..)| *one == n).unwrap().3;
    let worst = (0..FEW).map(|n| began(n) - published[n]).max().unwrap();
    eprintln!(
        "REL-14  sqlite   {FEW} events after {all} of another tenant began within {} ms; {} of those had not",
        worst.as_millis(),
        all - before.len(),
    );
    assert!(before.len() < all, "the other tenant's went first");
}

macro_rules! scenarios {
    ($($test:ident: $name:literal, $postgres:literal, $servers:literal, $nemesis:ident, $every:literal $(, $ignored:literal)?;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[ignore = $ignored])?
            async fn $test() {
                check(Scenario {
                    name: $name,
                    postgres: $postgres,
                    servers: $servers,
                    nemesis: Nemesis::$nemesis,
                    every: Duration::from_millis($every),
                    settings: &[],
                })
                .await;
            }
        )*
    };
}

scenarios! {
    ledger_of_quiet_days: "REL-01", false, 1, Nothing, 0;
    ledger_of_four_servers: "REL-01", true, 4, Nothing, 0, "`make torture` runs it";
    ledger_of_servers_killed_in_turn: "REL-02", true, 3, KillOne, 700;
    ledger_of_servers_killed_together: "REL-03", true, 2, KillAll, 3_000, "`make torture` runs it";
    ledger_of_the_only_server_killed: "REL-03", false, 1, KillAll, 1_500;
    ledger_of_a_database_stopped: "REL-04", true, 2, StopDatabase, 2_000, "`make torture` runs it";
    ledger_of_wrong_clocks: "REL-06", true, 2, Clock, 1_000, "`make torture` runs it";
    ledger_of_poison: "REL-07", false, 1, Poison, 0, "`make torture` runs it";
    ledger_of_a_full_disk: "REL-09", false, 1, FullDisk, 500;
    ledger_of_deaf_servers: "deaf", true, 2, Deafen, 300, "`make torture` runs it";
    ledger_of_frozen_servers: "REL-05", true, 2, Freeze, 500, "`make torture` runs it";
    ledger_of_cut_connections: "REL-12", true, 2, CutConnections, 500;
}
