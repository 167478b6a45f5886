//! A server that answers what a test tells it to, byte by byte, and keeps what it was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use scriptorium_outbound::{Answer, NameServerConfig, Outbound, Parts, Policy, Resolve, Unknown};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What one request said: its first line and headers, and its body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

/// A server on a port of this machine, until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// One that answers with what `answer` makes of each request.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::raw(move |mut stream, asked| {
            let answer = answer.clone();
            Box::pin(async move {
                while let Some(one) = read(&mut stream).await {
                    let bytes = answer(&one);
                    asked
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(one);
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            })
        })
        .await
    }

    /// One that does what it likes with each connection.
    pub(crate) async fn raw(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<Asked>>>) -> BoxFuture<'static, ()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let kept = asked.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, kept.clone()));
            }
        });
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        format!("http://{}{rest}", self.address)
    }
}

/// The next request of a connection.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut asked = Asked {
            head,
            body: Vec::new(),
        };
        let length = asked.header("content-length");
        let length = length.map_or(0, |text| text.parse().unwrap());
        while bytes.len() < end + 4 + length {
            let mut chunk = [0; 4096];
            let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
            bytes.extend_from_slice(&chunk[..count]);
        }
        asked.body = bytes[end + 4..].to_vec();
        return Some(asked);
    }
}

/// An answer with these headers, whole.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Names as a table says.
pub(crate) struct Table(pub(crate) HashMap<String, Vec<IpAddr>>);

impl Table {
    pub(crate) fn of(rows: &[(&str, &str)]) -> Arc<Self> {
        let mut table: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for (name, address) in rows {
            let addresses = table.entry((*name).to_owned()).or_default();
            addresses.push(address.parse().unwrap());
        }
        Arc::new(Self(table))
    }
}

impl Resolve for Table {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Answer, Unknown>> {
        let found = self.0.get(name).cloned().ok_or(Unknown);
        Box::pin(async move {
            Ok(Answer {
                addresses: found?,
                names: Vec::new(),
            })
        })
    }
}

/// A client that trusts nobody and waits for nobody.
pub(crate) fn client(policy: Policy, resolver: Arc<dyn Resolve>) -> Outbound {
    Outbound::with(Parts {
        policy,
        resolver,
        authorities: Some(Vec::new()),
        first_wait: Duration::from_millis(1),
    })
    .unwrap()
}

/// A client to which single addresses are open, and the outside.
pub(crate) fn open_to(addresses: &[SocketAddr]) -> Outbound {
    let policy = Policy::default().allow(addresses.iter().copied());
    client(policy, Table::of(&[]))
}

/// A name server on a port of this machine.
pub(crate) fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}
