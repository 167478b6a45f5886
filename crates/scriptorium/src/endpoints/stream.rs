//! An answer in parts on its way out: as fast as the client takes it, and no further than the run goes.
//! When the client hangs up, the run is cancelled.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use scriptorium_model::ExecutionId;
use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_runtime::StreamTap;
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::platform::{Ended, Platform, ended};

/// The parts of an answer, until the run has ended and is on record. Dropping it before cancels the
/// run.
pub struct EndpointStream {
    platform: Platform,
    execution: ExecutionId,
    events: bool,
    tap: StreamTap,
    running: Option<JoinHandle<Result<Ended>>>,
}

/// The run failed before its last part: what was sent is not all.
#[derive(Debug, thiserror::Error)]
#[error("the script failed before its answer was complete")]
pub struct StreamBroken;

impl EndpointStream {
    pub(super) fn new(
        platform: Platform,
        execution: ExecutionId,
        events: bool,
        tap: StreamTap,
        running: JoinHandle<Result<Ended>>,
    ) -> Self {
        Self {
            platform,
            execution,
            events,
            tap,
            running: Some(running),
        }
    }

    /// Whether the parts are server-sent events.
    pub fn is_events(&self) -> bool {
        self.events
    }

    /// What a client of events hears when the script fails, and nothing of why.
    fn failed(&self, execution: Option<&Execution>) -> Bytes {
        let code = match execution.map(|execution| execution.status) {
            Some(ExecutionStatus::Timeout) => "script_timeout",
            Some(_) => "script_failed",
            None => "internal",
        };
        let id = self.execution;
        format!("event: error\ndata: {{\"code\":\"{code}\",\"execution_id\":\"{id}\"}}\n\n").into()
    }
}

impl Stream for EndpointStream {
    type Item = Result<Bytes, StreamBroken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.running.is_none() {
            return Poll::Ready(None);
        }
        if let Some(part) = ready!(self.tap.poll_part(context)) {
            return Poll::Ready(Some(Ok(part)));
        }
        let Some(running) = self.running.as_mut() else {
            return Poll::Ready(None);
        };
        let joined = ready!(Pin::new(running).poll(context));
        self.running = None;
        let failed = match ended(joined) {
            Ok(Ended { reply: Some(_), .. }) => return Poll::Ready(None),
            Ok(Ended { execution, .. }) => Some(execution),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a stream broke off"
                );
                None
            }
        };
        Poll::Ready(Some(if self.events {
            Ok(self.failed(failed.as_ref()))
        } else {
            Err(StreamBroken)
        }))
    }
}

impl Drop for EndpointStream {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.platform.runtime().cancel(self.execution);
        }
    }
}

impl std::fmt::Debug for EndpointStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointStream")
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}
