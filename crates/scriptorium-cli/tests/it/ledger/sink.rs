//! The HTTP server outside of the platform: L3, and who kills servers on an execution's word.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A line of L3: event, execution, attempt, and when.
pub(super) type Arrival = (usize, String, u64, Instant);

/// Everything that arrives there.
pub(super) struct Sink {
    pub(super) address: String,
    pub(super) arrivals: Arc<Mutex<Vec<Arrival>>>,
    /// One message for each execution that wants its server to be gone.
    pub(super) kills: Option<mpsc::Receiver<()>>,
    _tasks: JoinSet<()>,
}

impl Sink {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let arrivals: Arc<Mutex<Vec<Arrival>>> = Arc::default();
        let (kill, kills) = mpsc::channel();
        let (kept, mut tasks) = (Arc::clone(&arrivals), JoinSet::new());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                connections.spawn(serve(stream, Arc::clone(&kept), kill.clone()));
            }
        });
        Self {
            address,
            arrivals,
            kills: Some(kills),
            _tasks: tasks,
        }
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Arrival>>>, kill: mpsc::Sender<()>) {
    while let Some(body) = request(&mut stream).await {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| body[name].as_u64().unwrap_or_default();
        let n = usize::try_from(number("n")).unwrap();
        let arrival = (n, text("execution"), number("attempt"), Instant::now());
        kept.lock().unwrap().push(arrival);
        if body["poison"] == "kills" {
            // The scenario may be over.
            let _ = kill.send(());
            // No answer: it waits for one when it dies.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// The JSON body of the next request; `None` when the peer is gone.
async fn request(stream: &mut TcpStream) -> Option<Value> {
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
