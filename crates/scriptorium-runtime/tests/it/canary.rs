//! A network of canaries: in a namespace of its own every address that a script must not reach answers, and
//! counts who comes. Scripts try all of them, by address, by name and by redirect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scriptorium_model::execution::ExecutionStatus;
use scriptorium_outbound::{Answer, Outbound, Parts, Policy, Resolve, Unknown};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cases::{Case, job};
use crate::harness::{Harness, options};

/// Addresses of the namespace, each of which is answered at. The last is this machine's own, as if it were
/// one of the outside.
const CANARIES: [&str; 12] = [
    "169.254.169.254",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "172.16.0.1",
    "192.168.1.1",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2606:4700::1111",
    "93.184.216.34",
];

/// Ports at which they answer; one more is open to scripts on this machine.
const PORTS: [u16; 8] = [22, 80, 443, 3000, 5432, 6379, 8080, 9200];

/// Sends every test of this kind into a namespace, where it is the only one.
#[test]
fn no_script_reaches_a_canary() {
    let test = std::env::current_exe().unwrap();
    let add = |address: &&str| {
        let bits = if address.contains(':') { 128 } else { 32 };
        format!("ip addr add {address}/{bits} dev lo")
    };
    let addresses: Vec<String> = CANARIES.iter().map(add).collect();
    let script = format!(
        "set -e; ip link set lo up; {}; exec \"$0\" --exact canary::inside --ignored --nocapture",
        addresses.join("; ")
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .arg(test)
        .output();
    let output = output.expect("unshare and ip, of util-linux and iproute2, are needed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// Names of the hostile zone: one for each canary, and one that leads to two places.
struct Zone;

impl Resolve for Zone {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
    ) -> futures_util::future::BoxFuture<'a, Result<Answer, Unknown>> {
        let number = name
            .strip_prefix('c')
            .and_then(|rest| rest.split('.').next());
        let number = number.and_then(|text| text.parse::<usize>().ok());
        Box::pin(async move {
            let address: IpAddr = match number.and_then(|number| CANARIES.get(number)) {
                Some(text) => text.parse().unwrap(),
                None if name.starts_with("own.") => Ipv4Addr::LOCALHOST.into(),
                None => return Err(Unknown),
            };
            Ok(Answer {
                addresses: vec![address],
                names: Vec::new(),
            })
        })
    }
}

const SOURCE: &str = r#"
export default async ({ urls, through }) => {
  const outcome = async (url) => {
    try {
      const { status } = await http.get(url);
      return status;
    } catch (error) {
      return error.code;
    }
  };
  const seen = {};
  for (const url of urls) {
    for (const one of [url, `${through}?${encodeURIComponent(url)}`]) {
      const code = await outcome(one);
      (seen[code] ??= []).push(one);
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([code, list]) => [code, code === "200" ? list : list.length]));
};
"#;

#[test]
#[ignore = "it runs in the namespace that the test above makes"]
fn inside() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let accepted = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for port in PORTS {
            let listener = TcpListener::bind(("::", port)).await.unwrap();
            let accepted = accepted.clone();
            tasks.spawn(async move {
                while listener.accept().await.is_ok() {
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (open, sends_on) = (serve().await, serve().await);
        let outbound = Outbound::with(Parts {
            policy: Policy::default()
                .allow([open, sends_on])
                .open(["10.1.0.0/16".parse().unwrap()])
                .unwrap(),
            resolver: Arc::new(Zone),
            authorities: Some(Vec::new()),
            first_wait: Duration::from_millis(1),
        })
        .unwrap();
        let mut options = options();
        options.outbound = Some(outbound);
        let harness = Harness::with(options).await;
        let urls = urls();
        let tried = urls.len();
        let input = json!({ "urls": urls, "through": format!("http://{sends_on}/") });
        let case = Case::new(PathBuf::from("canary.js"), SOURCE.to_owned()).after(&[
            ("input", &input.to_string()),
            ("limit", "api_calls=10000"),
            ("limit", "wall_ms=60000"),
        ]);
        let finished = harness.runtime.run(job(&harness, &case)).await;
        let execution = &finished.execution;
        assert_eq!(execution.status, ExecutionStatus::Completed, "{:?}", execution.failure);
        let seen = execution.output.as_ref().unwrap().to_value();
        println!("{tried} URLs, twice each: {seen}");
        assert_eq!(accepted.load(Ordering::Relaxed), 0, "{seen}");
        // The server that sends on was reached each time, and nothing else was. `http ://...` is no URL but
        // a path, which leads back to it.
        let answered = seen.get("200").and_then(Value::as_array);
        let answered = answered.into_iter().flatten().filter_map(Value::as_str);
        let mut elsewhere = answered.filter(|url| !url.contains("/?http%20"));
        assert_eq!(elsewhere.next(), None, "{seen}");
        assert!(count(&seen, "SSRF_BLOCKED") > 2 * tried / 3, "{seen}");

        // What answers is what counts: with the canary's own door open, it is reached.
        let control = json!({ "urls": [format!("http://{open}/"), format!("http://own.example.com:{}/", open.port())], "through": format!("http://{sends_on}/") });
        let case = Case::new(PathBuf::from("control.js"), SOURCE.to_owned()).after(&[("input", &control.to_string())]);
        let finished = harness.runtime.run(job(&harness, &case)).await;
        let seen = finished.execution.output.as_ref().unwrap().to_value();
        assert_eq!(seen["200"].as_array().unwrap().len(), 4, "{seen}");
        let canary = std::net::TcpStream::connect(("169.254.169.254", 80));
        assert!(canary.is_ok(), "{canary:?}");
    });
}

fn count(seen: &Value, code: &str) -> usize {
    usize::try_from(seen[code].as_u64().unwrap_or(0)).unwrap()
}

/// What is tried: the corpus of URLs, every canary on every port, by address and by name, and what looks like
/// one of them.
fn urls() -> Vec<String> {
    let corpus = include_str!("../../../scriptorium-outbound/tests/data/corpus.txt");
    let mut urls: Vec<String> = corpus
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains(" open "))
        .filter_map(|line| line.splitn(3, ' ').nth(2))
        .map(str::to_owned)
        .collect();
    for (index, canary) in CANARIES.iter().chain(&["127.0.0.1", "::1"]).enumerate() {
        let address: IpAddr = canary.parse().unwrap();
        for port in PORTS {
            urls.push(format!("http://{}/", SocketAddr::new(address, port)));
            urls.push(format!("https://{}/", SocketAddr::new(address, port)));
            urls.push(format!("http://c{index}.example.com:{port}/"));
        }
        if let IpAddr::V4(v4) = address {
            let number = u32::from(v4);
            urls.push(format!("http://{number}/"));
            urls.push(format!("http://0x{number:x}/"));
            urls.push(format!("http://[::ffff:{v4}]/"));
            urls.push(format!(
                "http://[64:ff9b::{:x}:{:x}]/",
                number >> 16,
                number & 0xffff
            ));
            urls.push(format!(
                "http://[2002:{:x}:{:x}::1]/",
                number >> 16,
                number & 0xffff
            ));
        }
    }
    urls
}

/// A server that scripts may reach: it sends on to what is asked for in its query.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 16 << 10];
            let mut count = 0;
            while !bytes[..count].ends_with(b"\r\n\r\n") {
                match stream.read(&mut bytes[count..]).await {
                    Ok(more) if more > 0 => count += more,
                    _ => break,
                }
            }
            let head = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let target = head.split(' ').nth(1).unwrap_or_default();
            let query = target.split_once('?').map(|(_, query)| query);
            let to = query.map(|query| {
                let pairs = url::form_urlencoded::parse(query.as_bytes());
                pairs.map(|(to, _)| to.into_owned()).collect::<String>()
            });
            let head = match to {
                Some(to) => format!("302 Found\r\nlocation: {}", to.replace(['\r', '\n'], " ")),
                None => "200 OK".to_owned(),
            };
            let answer =
                format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the process, which is this one test"
    )]
    tokio::spawn(task);
    address
}
