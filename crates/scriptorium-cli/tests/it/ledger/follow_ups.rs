//! Scripts that publish and fail afterwards, on servers that are killed (REL-17): what follows is there once
//! for each event, however many attempts there were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::servers::{Nemesis, Servers};
use super::sink::Sink;
use super::{
    ATTEMPTS, Answered, CLIENTS, Load, Scenario, each, events, number, publish, quiet, subscribe,
    subscribe_to,
};
use crate::crash::Api;

/// Every other event succeeds only at its second attempt.
fn source() -> String {
    "export default async function handleEvent(event, ctx) {
       const { n } = event.payload;
       await events.publish('scripts.custom.followed', { n });
       if (n % 2 === 1 && ctx.execution.attempt === 1) throw new Error('after it has published');
     }"
    .to_owned()
}

fn follower(sink: &str) -> String {
    format!(
        "export default async function handleEvent(event, ctx) {{
           const {{ id: execution, attempt }} = ctx.execution;
           await http.post('http://{sink}/', {{ n: event.payload.n, execution, attempt }});
         }}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`make torture` runs it"]
async fn ledger_of_follow_ups() {
    let all = events();
    let sink = Sink::start().await;
    let scenario = Scenario {
        postgres: true,
        servers: 2,
        ..Scenario::alone("REL-17")
    };
    let servers = Arc::new(tokio::task::block_in_place(|| {
        Servers::start(&scenario, &sink.address)
    }));
    let api = Api::at(&servers.url(0));
    subscribe(&api, source()).await;
    let follower = follower(&sink.address);
    subscribe_to(&api, "scripts.custom.followed", ATTEMPTS, follower).await;
    let folder = tempfile::tempdir().unwrap();
    let answered = Arc::new(Answered::new(folder.path()));
    let [next, refused] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let load = Load {
        all,
        unharmed: all / 2,
        poisons: 0,
    };
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (servers, answered) = (Arc::clone(&servers), Arc::clone(&answered));
        let (next, refused) = (Arc::clone(&next), Arc::clone(&refused));
        clients.spawn(publish(servers, answered, next, refused, load));
    }
    let over = Arc::new(AtomicBool::new(false));
    let strikes = {
        let (servers, over) = (Arc::clone(&servers), Arc::clone(&over));
        let every = Duration::from_secs(1);
        tokio::task::spawn_blocking(move || {
            servers.strike_until(&over, Nemesis::KillOne, every).len()
        })
    };
    clients.join_all().await;
    over.store(true, Ordering::Relaxed);
    let strikes = strikes.await.unwrap();
    let api = Api::at(&servers.url(0));
    quiet(&api, 2 * all).await;

    // What was published is a record of its own, beside what was delivered of it.
    let events = api
        .items("/events?limit=200&type=scripts.custom.followed")
        .await;
    let paths = events
        .iter()
        .map(|event| format!("/events/{}", event["id"].as_str().unwrap()));
    let mut followed: BTreeMap<usize, usize> = BTreeMap::new();
    for n in each(&api, paths, |event| number(&event["payload"]["n"])).await {
        *followed.entry(n).or_default() += 1;
    }
    let dead = api.items("/dead-letters?limit=200").await.len();
    let arrivals = sink.arrivals.lock().unwrap().clone();
    let arrived: BTreeSet<usize> = arrivals.iter().map(|(n, ..)| *n).collect();
    let lost = (0..all).filter(|n| !followed.contains_key(n)).count();
    let doubled = followed.values().filter(|times| **times > 1).count();
    eprintln!(
        "REL-17  postgres follow-ups       accepted {:>6}  followed {:>6}  dead {dead:>5}  lost {lost}  doubled {doubled}  \
         strikes {strikes:>4}",
        answered.read().len(),
        followed.len(),
    );
    // An event whose servers were killed at every attempt published nothing.
    assert!(lost <= dead, "{lost} lost, {dead} dead letters");
    assert_eq!(doubled, 0);
    assert!(arrived.len() + dead >= all, "{} arrived", arrived.len());
}
