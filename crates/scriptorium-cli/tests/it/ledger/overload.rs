//! More is published than can be executed (REL-13): what is beyond the backlog is refused, what was let in
//! is executed, and memory does not grow with what comes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use super::servers::Servers;
use super::sink::Sink;
use super::{Answered, CLIENTS, Scenario, events, quiet, subscribe};
use crate::crash::Api;

/// What may wait.
const BACKLOG: u64 = 500;
/// What memory may grow by, in KiB, after the first quarter of what comes.
const GROWTH: u64 = 64 << 10;

/// Takes much longer than to publish it.
pub(super) fn source(sink: &str) -> String {
    format!(
        "export default async function handleEvent(event, ctx) {{
           for (let i = 0; i < 1_000_000; i++);
           const {{ id: execution, attempt }} = ctx.execution;
           await http.post('http://{sink}/', {{ n: event.payload.n, execution, attempt }});
         }}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`make torture` runs it"]
async fn ledger_of_more_than_can_be_executed() {
    // More than may wait.
    let all = events().max(3_000);
    let sink = Sink::start().await;
    let scenario = Scenario {
        settings: &[("SCRIPTORIUM_TENANT_SHARES", "default.backlog=500")],
        ..Scenario::alone("REL-13")
    };
    let servers = tokio::task::block_in_place(|| Servers::start(&scenario, &sink.address));
    let api = Api::at(&servers.url(0));
    subscribe(&api, source(&sink.address)).await;
    let folder = tempfile::tempdir().unwrap();
    let answered = Arc::new(Answered::new(folder.path()));
    let [next, refused] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (api, answered) = (api.clone(), Arc::clone(&answered));
        let (next, refused) = (Arc::clone(&next), Arc::clone(&refused));
        clients.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= all {
                    return;
                }
                let event = json!({ "type": "ledger.entry", "payload": { "n": n } });
                let answer = api.try_post_under("", "/events", &event).await.unwrap();
                match answer {
                    (StatusCode::ACCEPTED, ..) => answered.write(n),
                    (StatusCode::TOO_MANY_REQUESTS, headers, answer) => {
                        assert_eq!(answer["code"], "backlog_full", "{answer}");
                        assert!(headers.contains_key("retry-after"));
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let (mut deepest, mut settled, mut largest) = (0, 0, 0);
    while next.load(Ordering::Relaxed) < all {
        deepest = deepest.max(api.waiting().await);
        let memory = resident(servers.id(0));
        if next.load(Ordering::Relaxed) < all / 4 {
            settled = settled.max(memory);
        }
        largest = largest.max(memory);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    clients.join_all().await;
    let answered = answered.read();
    quiet(&api, answered.len()).await;
    let arrivals = sink.arrivals.lock().unwrap().clone();
    let mut arrived: Vec<usize> = arrivals.iter().map(|(n, ..)| *n).collect();
    arrived.sort_unstable();
    let executed = arrived.len();
    arrived.dedup();
    let lost = answered
        .iter()
        .filter(|n| arrived.binary_search(n).is_err());
    let (lost, doubled) = (lost.count(), executed - arrived.len());
    let phantoms = arrived.iter().filter(|n| !answered.contains(n)).count();
    let refused = refused.load(Ordering::Relaxed);
    eprintln!(
        "REL-13  sqlite   more than it can  accepted {:>6}  refused {refused:>5}  executed {executed:>6}  lost {lost}  \
         doubled {doubled}  at most {deepest} wait of {BACKLOG}  memory {} MiB after a quarter, {} MiB at most",
        answered.len(),
        settled >> 10,
        largest >> 10,
    );
    assert_eq!((lost, doubled, phantoms), (0, 0, 0));
    assert!(refused > 0, "all of it could be executed");
    // One for each client that was let in by the same count.
    assert!(deepest <= BACKLOG + CLIENTS as u64, "{deepest} wait");
    assert!(largest <= settled + GROWTH, "memory grows");
}

/// Memory of a process that is in use, in KiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let text = line.unwrap().trim().trim_end_matches(" kB");
    text.parse().unwrap()
}
