//! Three servers on one PostgreSQL, each a process with a clock of its own a little off, and killed again and again
//! (CRON-04): every planned instant becomes one execution. Time goes faster for them than for us.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use jiff::{SignedDuration, Timestamp};
use scriptorium_model::Ambient;
use scriptorium_model::ambient::Clock;
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_store::schedules::CameTo;
use scriptorium_store::{Options, PostgresOptions, Store};
use scriptorium_triggers::schedule;

use crate::world::{Seeded, active, end, logins, server, tenant};

/// What a child is told; its presence makes the test below a server.
const CHILD: &str = "SCRIPTORIUM_CRON_SERVER";
/// How long they are killed, in seconds; `make cron` says more.
const SECONDS: &str = "SCRIPTORIUM_CRON_SECONDS";
const SERVERS: usize = 3;
const SCRIPTS: usize = 30;
/// How much faster time goes.
const SPEED: i64 = 120;
/// How far the clocks of the servers are apart from ours, in their seconds.
const SKEW: [i64; SERVERS] = [-5, 0, 5];
const LEASE: Duration = Duration::from_secs(120);

/// The real clock, faster, and off by a little.
struct Fast {
    since: SystemTime,
    start: Timestamp,
    skew: SignedDuration,
}

impl Clock for Fast {
    #[expect(
        clippy::disallowed_methods,
        reason = "several processes share one time"
    )]
    fn now(&self) -> Timestamp {
        let real = SystemTime::now()
            .duration_since(self.since)
            .unwrap_or_default();
        let micros = i64::try_from(real.as_micros()).unwrap() * SPEED;
        self.start + SignedDuration::from_micros(micros) + self.skew
    }
}

fn ambient(since: SystemTime, skew: i64, seed: u64) -> Ambient {
    let clock = Fast {
        since,
        start: "2026-11-21T00:00:30Z".parse().unwrap(),
        skew: SignedDuration::from_secs(skew),
    };
    Ambient::new(Arc::new(clock), Arc::new(Seeded(AtomicU64::new(seed))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "several processes share one time"
)]
async fn three_servers_that_are_killed_again_and_again_run_every_instant_once() {
    let seconds: u64 = env::var(SECONDS).map_or(8, |text| text.parse().unwrap());
    let database = server().await;
    let dir = tempfile::tempdir().unwrap();
    let since = SystemTime::now();
    let ours = ambient(since, 0, 1);
    let mut options = Options::new(dir.path());
    options.postgres = Some(logins(&database));
    let store = Store::open(options, ours.clone()).await.unwrap();
    let ctx = tenant(&store, &ours).await;
    let mut scripts = Vec::new();
    for number in 0..SCRIPTS {
        let minutely = Schedule {
            missed: Missed::All,
            overlap: Overlap::Allow,
            ..Schedule::new("* * * * *", "Europe/Stockholm")
        };
        let name = format!("number {number}");
        scripts.push((
            active(&store, &ours, &ctx, &name, minutely).await,
            ours.now(),
        ));
    }

    let urls = ["app", "system"].map(|role| database.url(&format!("scriptorium_{role}")));
    let mut round = 0;
    let mut start = |server: usize| {
        round += 1;
        serve(dir.path(), server, round, &urls, since)
    };
    let mut servers: Vec<Child> = (0..SERVERS).map(&mut start).collect();
    let (until, mut kills) = (since + Duration::from_secs(seconds), 0);
    while SystemTime::now() < until {
        thread::sleep(Duration::from_millis(350));
        let server = kills % SERVERS;
        servers[server].kill().unwrap();
        servers[server].wait().unwrap();
        servers[server] = start(server);
        kills += 1;
    }
    // They finish what is due, without being killed.
    let asked = ours.now();
    let done = async {
        loop {
            let due = store.next_due_at().await.unwrap();
            if due.is_none_or(|due| due > asked) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(60), done).await;
    for server in &mut servers {
        server.kill().unwrap();
        server.wait().unwrap();
    }
    done.expect("they are done");

    let ran = read_ledger(dir.path());
    let mut slots = 0;
    for (script, since) in &scripts {
        let decided = store.list_slots(&ctx, script.id, 100_000).await.unwrap();
        let decided: BTreeMap<Timestamp, CameTo> = decided
            .iter()
            .map(|slot| (slot.planned_at, slot.came_to))
            .collect();
        let times = script
            .definition
            .trigger
            .schedule()
            .unwrap()
            .times()
            .unwrap();
        for at in times.after(*since).take_while(|at| *at <= asked) {
            let name = format!("{} {at}", script.definition.name);
            let Some(CameTo::Execution { id, status, .. }) = decided.get(&at) else {
                panic!("{name}: missing, {:?}", decided.get(&at));
            };
            assert!(status.is_some(), "{name} has its execution");
            // What the servers say that they ran is that one and no other.
            let ids = ran.get(&(script.id.to_string(), at.to_string()));
            assert!(
                ids.is_none_or(|ids| *ids == BTreeSet::from([id.to_string()])),
                "{name}: {ids:?}"
            );
            slots += 1;
        }
    }
    let doubled = ran.values().filter(|ids| ids.len() > 1).count();
    eprintln!("{SERVERS} servers, {kills} kills, {slots} slots: 0 missing, {doubled} doubled");
    assert_eq!(doubled, 0);
    assert!(
        slots > SCRIPTS * 5 && kills > 5,
        "{slots} slots, {kills} kills"
    );
}

/// Executions by script and planned instant, as the servers wrote them down.
fn read_ledger(dir: &Path) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut ran: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "ledger")
        {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            // The last line of a server that was killed may be torn.
            if let [script, planned, id] = line.split(' ').collect::<Vec<_>>()[..]
                && id.len() == 36
            {
                let slot = (script.to_owned(), planned.to_owned());
                ran.entry(slot).or_default().insert(id.to_owned());
            }
        }
    }
    ran
}

fn serve(dir: &Path, server: usize, round: usize, urls: &[String; 2], since: SystemTime) -> Child {
    let since = since.duration_since(UNIX_EPOCH).unwrap().as_micros();
    let told = format!(
        "{} {server} {round} {since} {} {}",
        dir.display(),
        urls[0],
        urls[1]
    );
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "servers::child_that_serves", "--nocapture"])
        .env(CHILD, told)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn child_that_serves() {
    let Ok(told) = env::var(CHILD) else { return };
    let told: Vec<&str> = told.split(' ').collect();
    let [dir, server, round, since, app, system] = told[..] else {
        panic!("{told:?}");
    };
    let since = UNIX_EPOCH + Duration::from_micros(since.parse().unwrap());
    let (server, round): (usize, u64) = (server.parse().unwrap(), round.parse().unwrap());
    let ambient = ambient(since, SKEW[server], 1_000 + round * 1_000_003);
    let mut postgres = PostgresOptions::new(app, system).unwrap();
    postgres.connections = 2;
    postgres.clock = scriptorium_store::Clock::Ambient;
    let own = Path::new(dir).join(format!("server-{server}"));
    fs::create_dir_all(&own).unwrap();
    let mut options = Options::new(&own);
    options.postgres = Some(postgres);
    options.audit_key_file = Some(Path::new(dir).join("keys/audit.key"));
    let store = Store::open(options, ambient.clone()).await.unwrap();
    let ledger = Path::new(dir).join(format!("{round}.ledger"));
    let mut ledger = fs::File::create(ledger).unwrap();
    loop {
        schedule::pass(&store, &ambient).await.unwrap();
        store.recover_orphans(ambient.now()).await.unwrap();
        let claimed = store.claim_pending(20, LEASE, &[], &|_| u32::MAX).await;
        for claimed in claimed.unwrap() {
            let execution = &claimed.execution;
            let trigger = execution.trigger_data.as_ref().unwrap().to_value();
            let planned = trigger["planned_at"].as_str().unwrap();
            writeln!(ledger, "{} {planned} {}", execution.script, execution.id).unwrap();
            end(&store, &ambient, claimed, ExecutionStatus::Completed).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
