//! A small name server that lies: it answers each question as a zone written by hand says, over UDP and TCP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// How a name server answers one question: what was asked before is counted.
pub(crate) type Answers = dyn Fn(&Question) -> Said + Send + Sync;

/// One question.
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) kind: RecordType,
    /// How often the same was asked before.
    pub(crate) before: usize,
    /// Whether it came over TCP.
    pub(crate) whole: bool,
}

/// What is said to it.
pub(crate) enum Said {
    /// Records, each with the name that it is of.
    Records(Vec<(String, RData)>),
    /// A refusal.
    Code(ResponseCode),
    /// That there is more than fits.
    Truncated,
    /// Nothing.
    Silence,
    /// What is no message.
    Noise,
}

/// The name server, until it is dropped.
pub(crate) struct Zone {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, RecordType)>>>,
    _tasks: JoinSet<()>,
}

impl Zone {
    pub(crate) async fn start(answers: impl Fn(&Question) -> Said + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let asked = Arc::new(Mutex::new(Vec::new()));
        // Both on one port; another process may have that of TCP.
        let (socket, listener) = loop {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = socket.local_addr().unwrap();
            if let Ok(listener) = TcpListener::bind(address).await {
                break (socket, listener);
            }
        };
        let address = socket.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let (known, seen) = (answers.clone(), asked.clone());
        tasks.spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
                if let Some(reply) = reply(&buffer[..count], &*known, &seen, false) {
                    let _ = socket.send_to(&reply, from).await;
                }
            }
        });
        let seen = asked.clone();
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).await.is_ok() {
                    let mut message = vec![0; u16::from_be_bytes(length).into()];
                    if stream.read_exact(&mut message).await.is_err() {
                        break;
                    }
                    let Some(reply) = reply(&message, &*answers, &seen, true) else {
                        break;
                    };
                    let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                    let _ = stream.write_all(&[&length[..], &reply].concat()).await;
                }
            }
        });
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    /// Every question so far.
    pub(crate) fn asked(&self) -> Vec<(String, RecordType)> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn reply(
    bytes: &[u8],
    answers: &Answers,
    asked: &Mutex<Vec<(String, RecordType)>>,
    whole: bool,
) -> Option<Vec<u8>> {
    let request = Message::from_vec(bytes).ok()?;
    let query = request.queries.first()?.clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    let name = name.trim_end_matches('.').to_owned();
    let kind = query.query_type();
    let before = {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = asked
            .iter()
            .filter(|one| **one == (name.clone(), kind))
            .count();
        asked.push((name.clone(), kind));
        before
    };
    let mut message = Message::response(request.metadata.id, OpCode::Query);
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_available = true;
    message.add_query(query);
    match answers(&Question {
        name,
        kind,
        before,
        whole,
    }) {
        Said::Records(records) => {
            for (name, data) in records {
                message.add_answer(Record::from_rdata(fqdn(&name), 0, data));
            }
        }
        Said::Code(code) => message.metadata.response_code = code,
        Said::Truncated => message.metadata.truncation = true,
        Said::Silence => return None,
        Said::Noise => return Some(b"noise".to_vec()),
    }
    message.to_vec().ok()
}

fn fqdn(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}

/// An address as a record.
pub(crate) fn address(text: &str) -> RData {
    match text.parse().unwrap() {
        std::net::IpAddr::V4(ip) => RData::A(A(ip)),
        std::net::IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    }
}

/// Another name as a record.
pub(crate) fn alias(to: &str) -> RData {
    RData::CNAME(CNAME(fqdn(to)))
}
