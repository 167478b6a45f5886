//! Nothing that was accepted is lost, and nothing is done by two (security.md 4.4): servers are killed,
//! stopped and cut off while events are published to them, and three records that know nothing of one
//! another are compared afterwards. L1: what the client got an answer for, each line on disk before the
//! next request. L2: what the script wrote into the tenant's storage. L3: what arrived at an HTTP server
//! outside of the platform. The long form is `make torture`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use std::{env, fs};

use reqwest::StatusCode;
use scriptorium_testing::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::command::{command, stderr};
use crate::crash::{Api, Process};

/// How many events each scenario publishes.
const EVENTS: &str = "SCRIPTORIUM_LEDGER_EVENTS";
/// How long everything accepted may take to come to its end, once nobody disturbs it any more.
const PATIENCE: Duration = Duration::from_secs(600);
/// Requests of the client at once.
const CLIENTS: usize = 8;
/// One in so many events cannot be dealt with, and becomes a dead letter.
const POISON: usize = 50;
/// Executions that an event of those may have.
const ATTEMPTS: u64 = 2;

/// What disturbs the servers while events are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nemesis {
    Nothing,
    /// SIGKILL of one server after the other, each started again at once.
    KillOne,
    /// SIGKILL of all of them together.
    KillAll,
    /// The database ends as in a power cut, and comes back.
    StopDatabase,
    /// The database cuts every connection, whatever it was about.
    CutConnections,
    /// A server stands still for longer than its leases, and goes on as if nothing had happened.
    Freeze,
}

struct Scenario {
    /// Its number in security.md.
    name: &'static str,
    postgres: bool,
    servers: usize,
    nemesis: Nemesis,
    every: Duration,
}

/// Who is asked, and where they are at present.
struct Servers {
    database: Option<Cluster>,
    running: Mutex<Vec<Option<Process>>>,
    urls: RwLock<Vec<String>>,
    folders: Vec<TempDir>,
    variables: Vec<(String, String)>,
}

impl Servers {
    fn start(scenario: &Scenario, sink: &str) -> Self {
        let database = scenario.postgres.then(Cluster::private);
        let mut variables = vec![("SCRIPTORIUM_HTTP_ALLOW".to_owned(), sink.to_owned())];
        if let Some(database) = &database {
            database.psql("postgres", "create database ledger");
            let url = database.superuser("ledger");
            variables.push(("SCRIPTORIUM_DATABASE_URL".to_owned(), url));
        }
        let folders: Vec<TempDir> = (0..scenario.servers)
            .map(|_| tempfile::tempdir().unwrap())
            .collect();
        let servers = Self {
            running: Mutex::new(folders.iter().map(|_| None).collect()),
            urls: RwLock::new(vec![String::new(); folders.len()]),
            database,
            folders,
            variables,
        };
        if servers.database.is_some() {
            servers.migrate();
        }
        (0..scenario.servers).for_each(|server| servers.run(server));
        servers
    }

    /// Makes logins and tables, and gives every server the same keys.
    fn migrate(&self) {
        let first = self.folders[0].path();
        let mut migrate = command();
        migrate
            .current_dir(first)
            .args(["migrate", "up", "--create-roles"]);
        let variables = self.variables.iter();
        let done = migrate
            .envs(variables.map(|(name, text)| (name, text)))
            .output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
        let keys = |folder: &Path| folder.join("data/keys");
        // The key of the audit trail is made by the first start.
        self.run(0);
        self.end(0, "-TERM");
        for folder in &self.folders[1..] {
            fs::create_dir_all(keys(folder.path())).unwrap();
            for file in fs::read_dir(keys(first)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), keys(folder.path()).join(file.file_name())).unwrap();
            }
        }
    }

    fn run(&self, server: usize) {
        let variables: Vec<(&str, &str)> = (self.variables.iter())
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let process = Process::start_with(self.folders[server].path(), &variables);
        self.urls.write().unwrap()[server].clone_from(&process.url);
        self.lock()[server] = Some(process);
    }

    fn end(&self, server: usize, signal: &str) {
        if let Some(mut process) = self.lock()[server].take() {
            send(&process, signal);
            process.child.wait().unwrap();
        }
    }

    fn url(&self, server: usize) -> String {
        let urls = self.urls.read().unwrap();
        urls[server % urls.len()].clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<Process>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does its worst once; gives when everything was there again.
    fn strike(&self, nemesis: Nemesis, round: usize) -> Instant {
        let servers = self.folders.len();
        match nemesis {
            Nemesis::Nothing => {}
            Nemesis::KillOne => {
                self.end(round % servers, "-KILL");
                self.run(round % servers);
            }
            Nemesis::KillAll => {
                (0..servers).for_each(|server| self.end(server, "-KILL"));
                (0..servers).for_each(|server| self.run(server));
            }
            Nemesis::StopDatabase => {
                let database = self.database.as_ref().unwrap();
                database.stop_at_once();
                std::thread::sleep(Duration::from_millis(500));
                database.start();
            }
            Nemesis::CutConnections => {
                let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = 'ledger' and pid <> pg_backend_pid()";
                self.database.as_ref().unwrap().psql("ledger", cut);
            }
            Nemesis::Freeze => {
                let signal = |signal: &str| {
                    let running = self.lock();
                    send(running[round % servers].as_ref().unwrap(), signal);
                };
                signal("-STOP");
                std::thread::sleep(Duration::from_secs(20));
                signal("-CONT");
            }
        }
        Instant::now()
    }
}

fn send(process: &Process, signal: &str) {
    let id = process.child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

/// A line of L3: event, execution, attempt, and when.
type Arrival = (usize, String, u64, Instant);

/// The HTTP server outside of the platform.
async fn sink() -> (String, Arc<Mutex<Vec<Arrival>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let arrivals: Arc<Mutex<Vec<Arrival>>> = Arc::default();
    let (kept, mut tasks) = (Arc::clone(&arrivals), JoinSet::new());
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { continue };
            let kept = Arc::clone(&kept);
            connections.spawn(async move {
                while let Some(body) = request(&mut stream).await {
                    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                    let number = |name: &str| body[name].as_u64().unwrap_or_default();
                    let n = usize::try_from(number("n")).unwrap();
                    let arrival = (n, text("execution"), number("attempt"), Instant::now());
                    kept.lock().unwrap().push(arrival);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, arrivals, tasks)
}

/// The JSON body of the next request; `None` when the peer is gone.
async fn request(stream: &mut tokio::net::TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            });
            let length: usize = length.unwrap_or(0);
            if body.len() >= length {
                return serde_json::from_str(&body[..length]).ok();
            }
        }
        let mut part = [0; 4_096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
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
           await http.post('http://{sink}/', {{ n, execution, attempt }});
           if (poison === 'throws') throw new Error('poison');
           if (poison === 'memory') for (const all = [];;) all.push(new Array(100000).fill(n));
           return {{ n, attempt }};
         }}"
    )
}

async fn subscribe(api: &Api, sink: &str) {
    let script = json!({
        "name": "ledger",
        "type": "event",
        "source": source(sink),
        "event": { "types": ["ledger.entry"], "max_attempts": ATTEMPTS },
        "limits": { "concurrency": 20, "memory_bytes": 32 << 20 },
    });
    let script = api.post("/scripts", script).await;
    let activate = format!("/scripts/{}/activate", script["id"].as_str().unwrap());
    api.post(&activate, json!({})).await;
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

/// Publishes events until all are answered: one that is not is published again under the same id.
async fn publish(
    servers: Arc<Servers>,
    answered: Arc<Answered>,
    next: Arc<AtomicUsize>,
    all: usize,
) {
    let client = Api::at(&servers.url(0));
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= all {
            return;
        }
        let poison = match n % POISON {
            0 => json!("throws"),
            1 => json!("memory"),
            _ => Value::Null,
        };
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
                Ok((status, answer)) => assert!(
                    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
                    "{status} {answer}"
                ),
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

impl Account {
    /// How often the script wrote of it into the tenant's storage.
    async fn seen(&self, api: &Api, n: usize) -> usize {
        if self.given_up {
            return 0;
        }
        let seen = api.get(&format!("/storage/effect-{n}")).await;
        seen["value"].as_array().map_or(0, Vec::len)
    }
}

async fn accounts(api: &Api, answered: &BTreeSet<usize>) -> BTreeMap<usize, Account> {
    let mut accounts: BTreeMap<usize, Account> = BTreeMap::new();
    for (id, item) in api.executions("&trigger=event").await {
        let execution = api.get(&format!("/executions/{id}")).await;
        let n = execution["input"]["n"].as_u64().unwrap();
        let account = accounts.entry(usize::try_from(n).unwrap()).or_default();
        account.deliveries += usize::from(item["first_execution_id"].is_null());
        if item["status"] == "completed" {
            account.completed += 1;
            account.stale += usize::from(execution["output"]["attempt"] != execution["attempt"]);
        }
    }
    for letter in api.items("/dead-letters?limit=200").await {
        let letter = api
            .get(&format!("/dead-letters/{}", letter["id"].as_str().unwrap()))
            .await;
        let n = letter["payload"]["n"].as_u64().unwrap();
        let account = accounts.entry(usize::try_from(n).unwrap()).or_default();
        account.dead += 1;
        account.given_up |= letter["error"]["code"] == "platform.lost";
    }
    assert!(
        accounts.keys().all(|n| answered.contains(n)),
        "nobody published it"
    );
    accounts
}

/// Waits until nothing is under way any more.
async fn quiet(api: &Api, all: usize) {
    let began = Instant::now();
    loop {
        let mut left = 0;
        for status in ["pending", "running"] {
            left += api.executions(&format!("&status={status}")).await.len();
        }
        let ended = api.executions("&trigger=event").await;
        let delivered = ended
            .values()
            .filter(|one| one["first_execution_id"].is_null());
        if left == 0 && delivered.count() >= all {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{left} are still under way");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn check(scenario: Scenario) {
    let all: usize = env::var(EVENTS).map_or(200, |text| text.parse().unwrap());
    let (address, arrivals, _sink) = sink().await;
    let servers = Arc::new(tokio::task::block_in_place(|| {
        Servers::start(&scenario, &address)
    }));
    subscribe(&Api::at(&servers.url(0)), &address).await;
    let folder = tempfile::tempdir().unwrap();
    let answered = Arc::new(Answered::new(folder.path()));

    let (next, mut clients) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..CLIENTS {
        let (servers, answered, next) = (servers.clone(), answered.clone(), next.clone());
        clients.spawn(publish(servers, answered, next, all));
    }
    let over = Arc::new(AtomicBool::new(false));
    let strikes = {
        let (servers, over) = (servers.clone(), over.clone());
        tokio::task::spawn_blocking(move || {
            let mut strikes = Vec::new();
            // At least once, however soon the clients are done.
            while scenario.nemesis != Nemesis::Nothing
                && (strikes.is_empty() || !over.load(Ordering::Relaxed))
            {
                std::thread::sleep(scenario.every);
                strikes.push(servers.strike(scenario.nemesis, strikes.len()));
            }
            strikes
        })
    };
    clients.join_all().await;
    over.store(true, Ordering::Relaxed);
    let strikes = strikes.await.unwrap();
    let api = Api::at(&servers.url(0));
    quiet(&api, all).await;

    let answered = answered.read();
    let accounts = accounts(&api, &answered).await;
    let arrivals = arrivals.lock().unwrap().clone();
    let mut effects = 0;
    let (mut lost, mut doubled, mut stale, mut given_up) = (Vec::new(), Vec::new(), 0, 0);
    for n in &answered {
        let none = Account::default();
        let account = accounts.get(n).unwrap_or(&none);
        let ends = (account.completed, account.dead);
        // One that no server lived long enough for is a dead letter, too.
        let fits = ends == (0, 1) && (n % POISON < 2 || account.given_up)
            || ends == (1, 0) && n % POISON >= 2;
        if ends == (0, 0) {
            lost.push(*n);
        } else if !fits || account.deliveries != 1 {
            doubled.push(*n);
        }
        stale += account.stale;
        given_up += usize::from(account.given_up);
        // Whatever came to an end of its own has left its traces outside.
        let seen = account.seen(&api, *n).await;
        let arrived = arrivals.iter().filter(|(one, ..)| one == n).count();
        assert!(
            account.given_up || seen >= 1 && arrived >= 1,
            "{n}: {seen} effects, {arrived} arrivals"
        );
        effects += seen;
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
    eprintln!(
        "{:<7} {:<8} {:<15} accepted {:>6}  executed {completed:>6}  dead {dead:>5}  lost {:>3}  doubled {:>3}  \
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
    ledger_of_frozen_servers: "REL-05", true, 2, Freeze, 500, "`make torture` runs it";
    ledger_of_cut_connections: "REL-12", true, 2, CutConnections, 500;
}
