//! The same request under the same idempotency key, fifty times at once, by two tenants, while the server is
//! killed (REL-18): one effect for each key and tenant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::servers::{Nemesis, Servers};
use super::sink::Sink;
use super::{Scenario, another_tenant, events, quiet, subscribe};
use crate::crash::Api;

/// Who asks the same thing at once.
const ALIKE: usize = 50;

fn source(sink: &str, tenant: &str) -> String {
    format!(
        "export default async function handleEvent(event, ctx) {{
           const {{ id, attempt }} = ctx.execution;
           await http.post('http://{sink}/', {{ n: event.payload.n, execution: '{tenant} ' + id, attempt }});
         }}"
    )
}

/// Asks until there is an answer; gives the event that it names.
async fn ask(servers: Arc<Servers>, api: Api, n: usize) -> String {
    let (key, event) = (format!("order-{n}"), entry(n));
    loop {
        let api = api.to(&servers.url(0));
        let answer = api.try_post_under(&key, "/events", &event).await;
        match answer {
            Ok((StatusCode::ACCEPTED, _, answer)) => {
                return answer["id"].as_str().unwrap().to_owned();
            }
            Ok((StatusCode::CONFLICT, _, answer)) => {
                assert_eq!(answer["code"], "idempotency_key_in_use", "{answer}");
            }
            Ok((status, _, answer)) => {
                assert!(status.is_server_error(), "{status} {answer}");
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn entry(n: usize) -> Value {
    json!({ "type": "ledger.entry", "payload": { "n": n } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`make torture` runs it"]
async fn ledger_of_keys() {
    let all = events().div_ceil(2 * ALIKE);
    let sink = Sink::start().await;
    let scenario = Scenario::alone("REL-18");
    let servers = Arc::new(tokio::task::block_in_place(|| {
        Servers::start(&scenario, &sink.address)
    }));
    let one = Api::at(&servers.url(0));
    let other = another_tenant(&one, "other").await;
    let tenants = [("one", one), ("other", other)];
    for (name, api) in &tenants {
        subscribe(api, source(&sink.address, name)).await;
    }
    let over = Arc::new(AtomicBool::new(false));
    let strikes = {
        let (servers, over) = (Arc::clone(&servers), Arc::clone(&over));
        let every = Duration::from_secs(2);
        tokio::task::spawn_blocking(move || {
            servers.strike_until(&over, Nemesis::KillAll, every).len()
        })
    };
    let mut asked = 0;
    let mut told: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for n in 0..all {
        let mut callers = JoinSet::new();
        for caller in 0..ALIKE * tenants.len() {
            let tenant = caller % tenants.len();
            let (servers, api) = (Arc::clone(&servers), tenants[tenant].1.clone());
            callers.spawn(async move { (tenant, ask(servers, api, n).await) });
        }
        asked += callers.len();
        for (tenant, event) in callers.join_all().await {
            told.entry((n, tenant)).or_default().push(event);
        }
    }
    over.store(true, Ordering::Relaxed);
    let strikes = strikes.await.unwrap();
    let mut reused = 0;
    for (_, api) in &tenants {
        let api = api.to(&servers.url(0));
        quiet(&api, all).await;
        for n in 0..all {
            let (key, other) = (format!("order-{n}"), entry(n + 1));
            let answer = api.try_post_under(&key, "/events", &other).await;
            let (status, _, answer) = answer.unwrap();
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
            reused += 1;
        }
    }
    let mut effects: BTreeMap<(usize, bool), Vec<String>> = BTreeMap::new();
    for (n, execution, ..) in sink.arrivals.lock().unwrap().iter() {
        let (tenant, id) = execution.split_once(' ').unwrap();
        let seen = effects.entry((*n, tenant == "other")).or_default();
        seen.push(id.to_owned());
        seen.sort_unstable();
        seen.dedup();
    }
    let differ = |ids: &Vec<String>| ids.iter().any(|id| *id != ids[0]);
    let answers = told.values().filter(|ids| differ(ids)).count();
    let doubled = effects.values().filter(|ids| ids.len() > 1).count();
    let lost = 2 * all - effects.len();
    eprintln!(
        "REL-18  sqlite   keys             asked {asked:>8}  of {} tenants under {all} keys  effects {}  lost {lost}  doubled {doubled}  \
         answers that differ {answers}  others refused {reused}  strikes {strikes}",
        tenants.len(),
        effects.len(),
    );
    assert_eq!((lost, doubled, answers), (0, 0, 0));
}
