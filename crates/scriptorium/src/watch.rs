//! An execution as it happens. The lines come from the runtime while it goes and from the store
//! afterwards; a watcher cannot tell the seam.

use std::time::Duration;

use futures_util::{Stream, StreamExt, pin_mut};
use scriptorium_model::execution::{Execution, ExecutionStatus, LogLine};
use scriptorium_model::{Ctx, ExecutionId};
use scriptorium_runtime::Stage;
use tokio::sync::broadcast::error::RecvError;

use crate::error::{Error, Result};
use crate::platform::Platform;

/// Something that happened to an execution.
#[derive(Clone, Debug)]
pub enum Live {
    /// It moved.
    Status(ExecutionStatus),
    /// It logged a line.
    Log(LogLine),
    /// It has ended; nothing follows.
    Done(Box<Execution>),
}

/// How often a pending execution is looked at, and one whose record is being committed.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Log lines read from the store at once; no execution keeps more.
const ALL_LINES: u32 = scriptorium_model::limits::LOG_LINES + 1;

struct Watcher {
    platform: Platform,
    ctx: Ctx,
    id: ExecutionId,
    /// The last line that was given.
    seen: u32,
    status: Option<ExecutionStatus>,
    queue: std::collections::VecDeque<Live>,
    receiver: Option<tokio::sync::broadcast::Receiver<LogLine>>,
    ended: bool,
}

/// The stream of what happens to an execution.
pub(crate) fn stream(
    platform: Platform,
    ctx: Ctx,
    id: ExecutionId,
) -> impl Stream<Item = Result<Live>> + Send + 'static {
    let watcher = Watcher {
        platform,
        ctx,
        id,
        seen: 0,
        status: None,
        queue: std::collections::VecDeque::new(),
        receiver: None,
        ended: false,
    };
    futures_util::stream::try_unfold(watcher, |mut watcher| async move {
        let item = watcher.next().await?;
        Ok(item.map(|item| (item, watcher)))
    })
}

/// Waits for the end of an execution.
pub(crate) async fn until_final(
    platform: &Platform,
    ctx: &Ctx,
    id: ExecutionId,
) -> Result<Execution> {
    let stream = stream(platform.clone(), ctx.clone(), id);
    pin_mut!(stream);
    while let Some(item) = stream.next().await {
        if let Live::Done(execution) = item? {
            return Ok(*execution);
        }
    }
    Err(Error::internal("the execution was not watched to its end"))
}

impl Watcher {
    async fn next(&mut self) -> Result<Option<Live>> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Ok(Some(item));
            }
            if self.ended {
                return Ok(None);
            }
            match &mut self.receiver {
                Some(receiver) => match receiver.recv().await {
                    Ok(line) => self.give(line),
                    // Too slow for the channel: the lines are all in the hub or the store.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => self.receiver = None,
                },
                None => self.look().await?,
            }
        }
    }

    /// Looks where the execution stands and queues what is new.
    async fn look(&mut self) -> Result<()> {
        let runtime = self.platform.runtime();
        // In this process, but waiting for room: so says whoever finds it.
        if runtime.stage(self.id) == Some(Stage::Waiting) {
            self.move_to(ExecutionStatus::Pending);
            if self.queue.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            return Ok(());
        }
        if let Some(watch) = runtime.watch(self.id) {
            self.move_to(ExecutionStatus::Running);
            watch.lines.into_iter().for_each(|line| self.give(line));
            self.receiver = Some(watch.receiver);
            return Ok(());
        }
        let executions = self.platform.executions();
        let execution = executions.find(&self.ctx, self.id).await?;
        if !execution.status.is_final() {
            self.move_to(execution.status);
            if self.queue.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            return Ok(());
        }
        let lines = self
            .platform
            .store()
            .list_logs(&self.ctx, self.id, self.seen, ALL_LINES)
            .await?;
        lines.into_iter().for_each(|line| self.give(line));
        self.move_to(execution.status);
        self.queue.push_back(Live::Done(Box::new(execution)));
        self.ended = true;
        Ok(())
    }

    fn give(&mut self, line: LogLine) {
        if line.seq > self.seen {
            self.seen = line.seq;
            self.queue.push_back(Live::Log(line));
        }
    }

    fn move_to(&mut self, status: ExecutionStatus) {
        if self.status != Some(status) {
            self.status = Some(status);
            self.queue.push_back(Live::Status(status));
        }
    }
}
