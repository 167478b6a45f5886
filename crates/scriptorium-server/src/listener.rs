//! The accept loop and the life of a connection. `axum::serve` has no header timeout, no cap on
//! connections and no end to its draining (security.md F10); this has. It knows nothing of HTTP
//! beyond requests beginning and ending.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::client::Peer;
use crate::config::Config;
use crate::input::BodyDeadline;
use crate::patient::Patient;

/// Most bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How often a quiet HTTP/2 peer is asked whether it is still there, and how long it may think.
const PING: Duration = Duration::from_secs(20);
/// How long an idle connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// The pause after an accept that failed for want of resources.
const SHORTAGE: Duration = Duration::from_millis(100);

/// Serves until `closing` is cancelled; then lets requests in flight end within `config.drain`
/// and cuts off what is left.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    config: &Config,
    closing: CancellationToken,
) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let slots = Arc::new(Semaphore::new(config.max_connections));
    let server = Connections {
        router,
        http: builder(config.header_timeout, connections.clone()),
        header_timeout: config.header_timeout,
        body_timeout: config.body_timeout,
        write_patience: config.write_patience,
        closing: closing.clone(),
    };
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, accept(&listener).await)
        };
        let (slot, (stream, peer)) = tokio::select! {
            () = closing.cancelled() => break,
            next = next => next,
        };
        let connection = server.clone().serve(stream, peer);
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                () = connection => {}
                () = cut.cancelled() => {}
            }
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    if timeout(config.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "cutting off what did not end in time"
        );
        cut.cancel();
        connections.wait().await;
    }
}

/// The next connection. A shortage of file descriptors or memory is waited out: the loop must
/// survive it (WEB-47).
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_about_the_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(SHORTAGE).await;
            }
        }
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn builder(header_timeout: Duration, tasks: TaskTracker) -> auto::Builder<Tracked> {
    let mut builder = auto::Builder::new(Tracked(tasks));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// Spawns the streams of HTTP/2 connections where shutdown waits for them.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

#[derive(Clone)]
struct Connections {
    router: Router,
    http: auto::Builder<Tracked>,
    header_timeout: Duration,
    body_timeout: Duration,
    write_patience: Duration,
    closing: CancellationToken,
}

impl Connections {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Small answers must not wait for an acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (in_flight, flights) = watch::channel(0usize);
        let in_flight = Arc::new(in_flight);
        let router = self.router;
        let service = service_fn(move |request: Request<Incoming>| {
            let flight = Flight::begin(Arc::clone(&in_flight));
            let router = router.clone();
            let bound = BodyDeadline(self.body_timeout);
            async move { Ok::<_, Infallible>(answer(router, request, peer, bound, flight).await) }
        });
        let stream = TokioIo::new(Patient::new(stream, self.write_patience));
        let connection = self.http.serve_connection(stream, service);
        tokio::pin!(connection);
        let reason = tokio::select! {
            result = connection.as_mut() => return log_end(result, peer),
            () = quiet(flights, self.header_timeout) => GOODBYE,
            // The drain deadline of the accept loop bounds this one.
            () = self.closing.cancelled() => Duration::MAX,
        };
        connection.as_mut().graceful_shutdown();
        if let Ok(result) = timeout(reason, connection).await {
            log_end(result, peer);
        }
    }
}

fn log_end(result: Result<(), Box<dyn std::error::Error + Send + Sync>>, peer: SocketAddr) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Ends once no request has been in flight for `patience`. Also covers the first bytes, which
/// hyper reads without a timeout to tell HTTP/1 from HTTP/2.
async fn quiet(mut flights: watch::Receiver<usize>, patience: Duration) {
    loop {
        // Both fail only when the service is gone, and with it the connection.
        if flights.wait_for(|count| *count == 0).await.is_err() {
            return;
        }
        let next = timeout(patience, flights.wait_for(|count| *count > 0)).await;
        if !matches!(next, Ok(Ok(_))) {
            return;
        }
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    bound: BodyDeadline,
    flight: Flight,
) -> Response {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(bound);
    let Ok(response) = router.oneshot(request).await;
    response.map(|body| {
        Body::new(InFlight {
            body,
            _flight: flight,
        })
    })
}

/// Counts as a request in flight from its head to the end of its response.
struct Flight(Arc<watch::Sender<usize>>);

impl Flight {
    fn begin(in_flight: Arc<watch::Sender<usize>>) -> Self {
        in_flight.send_modify(|count| *count += 1);
        Self(in_flight)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A response body that is in flight until it has been sent or given up.
struct InFlight {
    body: Body,
    _flight: Flight,
}

impl HttpBody for InFlight {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
