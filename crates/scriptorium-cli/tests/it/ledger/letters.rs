//! Very many dead letters (REL-16): all tried again by two who ask at once, some clicked twice, some
//! discarded, and some that fail once more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use super::servers::Servers;
use super::sink::Sink;
use super::{CLIENTS, PATIENCE, Scenario, each, events, number, subscribe_to};
use crate::crash::Api;

/// Of so many letters one fails again, one is discarded and one is clicked twice.
const EACH: usize = 20;
const AGAIN: usize = 1;
const DISCARDED: usize = 2;
const TWICE: usize = 3;

/// Fails until it is repaired, and some of it afterwards, too.
fn source(sink: &str, repaired: bool) -> String {
    format!(
        "export default async function handleEvent(event, ctx) {{
           const {{ n }} = event.payload;
           const {{ id: execution, attempt }} = ctx.execution;
           await http.post('http://{sink}/', {{ n, execution, attempt }});
           if (!{repaired} || n % {EACH} === {AGAIN}) throw new Error('poison');
         }}"
    )
}

async fn count(api: &Api, status: &str) -> BTreeMap<usize, String> {
    let path = format!("/dead-letters?limit=200&status={status}");
    let letters = api.items(&path).await;
    let paths = letters
        .iter()
        .map(|letter| format!("/dead-letters/{}", letter["id"].as_str().unwrap()));
    let letters = each(api, paths, |letter| {
        let id = letter["id"].as_str().unwrap().to_owned();
        (number(&letter["payload"]["n"]), id)
    });
    letters.await.into_iter().collect()
}

/// Waits until so many letters have this status.
async fn until(api: &Api, status: &str, all: usize) -> BTreeMap<usize, String> {
    let began = Instant::now();
    let patience = PATIENCE + all as u32 * Duration::from_millis(20);
    let path = format!("/dead-letters?limit=200&status={status}");
    while api.items(&path).await.len() != all {
        assert!(began.elapsed() < patience, "too few are {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    count(api, status).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`make torture` runs it"]
async fn ledger_of_dead_letters() {
    let all = events();
    let sink = Sink::start().await;
    let scenario = Scenario::alone("REL-16");
    let servers = tokio::task::block_in_place(|| Servers::start(&scenario, &sink.address));
    let api = Api::at(&servers.url(0));
    let script = subscribe_to(&api, "ledger.entry", 1, source(&sink.address, false)).await;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let api = api.clone();
        clients.spawn(async move {
            for n in (client..all).step_by(CLIENTS) {
                let event = json!({ "type": "ledger.entry", "payload": { "n": n } });
                api.post("/events", event).await;
            }
        });
    }
    clients.join_all().await;
    let letters = until(&api, "pending", all).await;
    assert_eq!(letters.len(), all, "some are two letters");

    let of = |rest: usize| letters.iter().filter(move |(n, _)| *n % EACH == rest);
    for (_, id) in of(DISCARDED) {
        api.post(&format!("/dead-letters/{id}/discard"), json!({}))
            .await;
    }
    let repaired = json!({ "source": source(&sink.address, true) });
    api.patch(&format!("/scripts/{script}"), &repaired).await;
    api.post(&format!("/scripts/{script}/activate"), json!({}))
        .await;
    let mut refused = 0;
    for (_, id) in of(TWICE) {
        let path = format!("/dead-letters/{id}/retry");
        let own = json!({});
        let click = || api.try_post(&path, &own);
        let (one, other) = tokio::join!(click(), click());
        let mut answers = [one.unwrap(), other.unwrap()].map(|(status, _)| status);
        answers.sort_unstable();
        // The second may come when the first is through.
        assert_eq!(answers, [StatusCode::ACCEPTED, StatusCode::CONFLICT]);
        refused += 1;
    }
    let mut taken = 0;
    loop {
        let many = json!({ "limit": 10_000 });
        let click = || api.post("/dead-letters/retry", many.clone());
        let (one, other) = tokio::join!(click(), click());
        let both = number(&one["retried"]) + number(&other["retried"]);
        taken += both;
        // Those that fail again would be taken up for ever.
        if taken >= all - of(DISCARDED).count() - of(TWICE).count() || both == 0 {
            break;
        }
    }
    let again = of(AGAIN).count();
    let resolved = all - again - of(DISCARDED).count();
    until(&api, "resolved", resolved).await;
    let failed = until(&api, "pending", again).await;
    let discarded = count(&api, "discarded").await;

    let mut arrivals: BTreeMap<usize, usize> = BTreeMap::new();
    for (n, ..) in sink.arrivals.lock().unwrap().iter() {
        *arrivals.entry(*n).or_default() += 1;
    }
    let runs = |n: &usize| arrivals.get(n).copied().unwrap_or_default();
    let lost = of(0).filter(|(n, _)| runs(n) < 2).count();
    let once = |n: &usize| n % EACH != AGAIN && runs(n) > 2;
    let doubled = letters.keys().filter(|n| once(n)).count();
    let ran = of(DISCARDED).filter(|(n, _)| runs(n) != 1).count();
    eprintln!(
        "REL-16  sqlite   dead letters     {all:>6} made  {:>6} resolved  {:>5} failed again  {:>5} discarded  \
         {refused:>5} second clicks refused  lost {lost}  doubled {doubled}  discarded and run {ran}",
        resolved,
        failed.len(),
        discarded.len(),
    );
    assert!(failed.keys().all(|n| n % EACH == AGAIN));
    assert!(discarded.keys().all(|n| n % EACH == DISCARDED));
    assert_eq!((lost, doubled, ran), (0, 0, 0));
}
