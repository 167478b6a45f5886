//! An execution as it happens. The lines come from the runtime while it goes and from the store
//! afterwards; a watcher cannot tell the seam.

use std::time::Duration;

use futures_util::{Stream, StreamExt, pin_mut};
use scriptorium_model::execution::{Execution, ExecutionStatus, LogLine, Progress};
use scriptorium_model::{Ctx, ExecutionId};
use scriptorium_runtime::Stage;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::platform::Platform;

/// Something that happened to an execution.
#[derive(Clone, Debug)]
pub enum Live {
    /// It moved.
    Status(ExecutionStatus),
    /// It logged a line.
    Log(LogLine),
    /// It said how far it is: not each time that it did, but the last.
    Progress(Progress),
    /// It has ended; nothing follows.
    Done(Box<Execution>),
}

/// How often a pending execution is looked at, and one whose record is being committed.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often at most a watcher is told how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
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
    running: Option<Running>,
    /// The last progress that was given.
    told: Option<Progress>,
    ended: bool,
}

/// What is heard of an execution that runs in this process.
struct Running {
    lines: broadcast::Receiver<LogLine>,
    progress: watch::Receiver<Option<Progress>>,
    /// Before this instant no progress is given.
    rests_until: Instant,
}

enum Heard {
    Line(LogLine),
    Progress,
    /// It has ended; or there was more than could be told one by one, and it is looked for anew.
    End,
}

impl Running {
    async fn hear(&mut self) -> Heard {
        let Self {
            lines,
            progress,
            rests_until,
        } = self;
        let moved = async {
            tokio::time::sleep_until(*rests_until).await;
            // Its sender goes with the execution, whose lines end then, too.
            if progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            line = lines.recv() => line.map_or(Heard::End, Heard::Line),
            () = moved => {
                *rests_until = Instant::now() + PROGRESS_EVERY;
                Heard::Progress
            }
        }
    }
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
        running: None,
        told: None,
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
            let Some(running) = &mut self.running else {
                self.look().await?;
                continue;
            };
            match running.hear().await {
                Heard::Line(line) => self.give(line),
                Heard::Progress => {
                    let progress = running.progress.borrow_and_update().clone();
                    self.tell(progress);
                }
                Heard::End => self.running = None,
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
            let mut progress = watch.progress;
            let now = progress.borrow_and_update().clone();
            self.tell(now);
            self.running = Some(Running {
                lines: watch.receiver,
                progress,
                rests_until: Instant::now() + PROGRESS_EVERY,
            });
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
        self.tell(execution.progress.clone());
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

    fn tell(&mut self, progress: Option<Progress>) {
        if let Some(progress) = progress.filter(|now| self.told.as_ref() != Some(now)) {
            self.told = Some(progress.clone());
            self.queue.push_back(Live::Progress(progress));
        }
    }

    fn move_to(&mut self, status: ExecutionStatus) {
        if self.status != Some(status) {
            self.status = Some(status);
            self.queue.push_back(Live::Status(status));
        }
    }
}
