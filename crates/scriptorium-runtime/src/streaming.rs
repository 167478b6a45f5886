//! Answers that go out in parts while the script makes them: what joins a run to whoever sends its
//! parts on. A part waits until there is room for it, so that a script is no faster than its client.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use scriptorium_engine::Held;
use tokio::sync::{mpsc, oneshot};

/// Parts that may be on their way to the client.
const PARTS: usize = 16;

/// What goes before the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// 200 to 599.
    pub status: u16,
    /// Headers with valid names and values, a `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// Whether the parts are server-sent events.
    pub events: bool,
}

/// Where a run puts an answer in parts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StreamSink(Arc<Sink>);

#[derive(Debug)]
struct Sink {
    head: Mutex<Option<oneshot::Sender<StreamHead>>>,
    parts: mpsc::Sender<Part>,
}

/// Where its parts come out. When it is dropped, whoever waited for them is gone.
#[derive(Debug)]
pub struct StreamTap {
    head: Option<oneshot::Receiver<StreamHead>>,
    parts: mpsc::Receiver<Part>,
}

/// A part, counted against the run's memory until it is taken.
struct Part {
    bytes: Bytes,
    _held: Held,
}

/// Nobody takes the parts any more.
#[derive(Debug)]
pub(crate) struct Gone;

impl StreamSink {
    /// A sink and its tap.
    pub fn new() -> (Self, StreamTap) {
        let (head, coming) = oneshot::channel();
        let (parts, received) = mpsc::channel(PARTS);
        let sink = Sink {
            head: Mutex::new(Some(head)),
            parts,
        };
        let tap = StreamTap {
            head: Some(coming),
            parts: received,
        };
        (Self(Arc::new(sink)), tap)
    }

    pub(crate) fn begin(&self, head: StreamHead) -> Result<(), Gone> {
        let mut place = self.0.head.lock().unwrap_or_else(PoisonError::into_inner);
        match place.take() {
            Some(sender) => sender.send(head).map_err(|_| Gone),
            None => Err(Gone),
        }
    }

    pub(crate) async fn send(&self, bytes: Bytes, held: Held) -> Result<(), Gone> {
        let part = Part { bytes, _held: held };
        self.0.parts.send(part).await.map_err(|_| Gone)
    }
}

impl StreamTap {
    /// The head, when there is going to be an answer in parts; `None` once it is clear that there is
    /// none.
    pub async fn head(&mut self) -> Option<StreamHead> {
        let head = self.head.as_mut()?.await.ok();
        self.head = None;
        head
    }

    /// The next part; `None` after the last.
    pub fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.parts
            .poll_recv(context)
            .map(|part| part.map(|part| part.bytes))
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Part").field(&self.bytes.len()).finish()
    }
}
