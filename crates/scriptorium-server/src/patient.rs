//! A connection that does not wait for ever for its peer to read: who takes less than a kilobyte a
//! second for longer than the server is patient is hung up on (WEB-41). A large answer holds memory
//! for as long as it is on its way.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes that give back a second of patience.
const BYTES_A_SECOND: u64 = 1 << 10;

/// A stream whose writes may stand still for so long in all.
pub(crate) struct Patient<S> {
    inner: S,
    patience: Duration,
    /// What is left of it.
    left: Duration,
    still: Option<Still>,
}

/// A write that does not move.
struct Still {
    since: Instant,
    until: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(inner: S, patience: Duration) -> Self {
        Self {
            inner,
            patience,
            left: patience,
            still: None,
        }
    }

    fn moved(&mut self, bytes: usize) {
        if let Some(still) = self.still.take() {
            self.left = self.left.saturating_sub(still.since.elapsed());
        }
        let back = Duration::from_millis((bytes as u64).saturating_mul(1_000) / BYTES_A_SECOND);
        self.left = self.left.saturating_add(back).min(self.patience);
    }

    fn stands_still(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let left = self.left;
        let still = self.still.get_or_insert_with(|| Still {
            since: Instant::now(),
            until: Box::pin(sleep(left)),
        });
        still.until.as_mut().poll(context).map(|()| {
            let text = "the peer does not take what it asked for";
            io::Error::new(io::ErrorKind::TimedOut, text)
        })
    }

    fn after(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.stands_still(context).map(Err),
            Poll::Ready(Ok(bytes)) => {
                self.moved(bytes);
                Poll::Ready(Ok(bytes))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.after(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.after(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
