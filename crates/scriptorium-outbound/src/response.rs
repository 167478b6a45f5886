//! What comes back, read only as far as the caller takes it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tower_http::decompression::DecompressionBody;

use crate::connections::failure;
use crate::error::Error;

/// An answer whose body was not read yet. What has not been read when it is dropped is never received.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Who answered, after redirects.
    pub url: String,
    /// How many redirects were followed.
    pub redirects: usize,
    /// How often it was sent.
    pub attempts: usize,
    pub(crate) host: String,
    pub(crate) body: Box<DecompressionBody<Incoming>>,
    pub(crate) read: usize,
    pub(crate) largest: usize,
    pub(crate) deadline: Deadline,
    pub(crate) _room: OwnedSemaphorePermit,
}

/// Until when all of it has to be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) limit: std::time::Duration,
}

impl Deadline {
    /// What `work` comes to, unless the time is over first.
    pub(crate) async fn bound<T>(
        self,
        host: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout_at(self.at, work).await.unwrap_or_else(|_| {
            Err(Error::Timeout {
                host: host.to_owned(),
                limit: self.limit,
            })
        })
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// The next part of the body, decompressed; `None` at its end.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Timeout`], or what broke.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = async {
                match self.body.frame().await {
                    None => Ok(None),
                    Some(Ok(frame)) => Ok(Some(frame)),
                    Some(Err(error)) => Err(failure(&*error, &self.host)),
                }
            };
            let Some(frame) = self.deadline.bound(&self.host, frame).await? else {
                return Ok(None);
            };
            // What follows a body is nobody's.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.read = self.read.saturating_add(data.len());
            if self.read > self.largest {
                return Err(Error::TooLarge {
                    limit: self.largest,
                });
            }
            return Ok(Some(data));
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Response::chunk`].
    pub async fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
