//! The lines one execution logs: bounded, numbered, and shown live to whoever watches. They count
//! against its memory. What is beyond a bound is dropped and counted; logging never fails a script.

use std::sync::{Mutex, MutexGuard, PoisonError};

use scriptorium_engine::{Held, Meter, TooMuch};
use scriptorium_model::execution::{LogLevel, LogLine};
use scriptorium_model::limits::{LOG_BYTES, LOG_LINES};
use scriptorium_model::{Json, Timestamp};
use tokio::sync::broadcast;

/// Lines a watcher may lag behind: all there can be, so that none does.
const CHANNEL: usize = LOG_LINES as usize;

/// What a line takes beside its text.
const LINE_BYTES: usize = size_of::<LogLine>();

/// The lines of one execution.
pub(crate) struct Logs {
    state: Mutex<State>,
    meter: Meter,
}

#[derive(Default)]
struct State {
    lines: Vec<LogLine>,
    bytes: usize,
    /// Counts them.
    held: Option<Held>,
    dropped: u32,
    /// Made when the first watcher comes: most executions have none.
    live: Option<broadcast::Sender<LogLine>>,
}

impl Logs {
    pub(crate) fn new(meter: Meter) -> Self {
        Self {
            state: Mutex::default(),
            meter,
        }
    }

    /// Keeps a line if there is room for it.
    pub(crate) fn push(&self, level: LogLevel, message: String, data: Option<Json>, at: Timestamp) {
        let mut state = self.lock();
        let bytes = message.len() + data.as_ref().map_or(0, Json::len);
        let is_full = state.lines.len() >= LOG_LINES as usize || state.bytes + bytes > LOG_BYTES;
        if is_full || self.hold(&mut state, bytes + LINE_BYTES).is_err() {
            state.dropped = state.dropped.saturating_add(1);
            return;
        }
        state.bytes += bytes;
        let line = LogLine {
            // At most LOG_LINES lines: the cast keeps the value.
            seq: state.lines.len() as u32 + 1,
            level,
            message,
            data,
            at,
        };
        if let Some(live) = &state.live {
            // An error only says that nobody watches any more.
            let _ = live.send(line.clone());
        }
        state.lines.push(line);
    }

    /// The lines so far, and a receiver of those to come.
    pub(crate) fn watch(&self) -> (Vec<LogLine>, broadcast::Receiver<LogLine>) {
        let mut state = self.lock();
        let live = state
            .live
            .get_or_insert_with(|| broadcast::Sender::new(CHANNEL));
        let receiver = live.subscribe();
        (state.lines.clone(), receiver)
    }

    /// Takes the lines and the number of dropped ones; watchers see the end.
    pub(crate) fn finish(&self) -> (Vec<LogLine>, u32) {
        let mut state = self.lock();
        state.live = None;
        state.held = None;
        (std::mem::take(&mut state.lines), state.dropped)
    }

    fn hold(&self, state: &mut State, bytes: usize) -> Result<(), TooMuch> {
        match &mut state.held {
            Some(held) => held.grow(bytes),
            none => {
                *none = Some(self.meter.hold(bytes)?);
                Ok(())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(logs: &Logs, message: &str) {
        logs.push(LogLevel::Info, message.into(), None, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn lines_beyond_the_limit_are_dropped_and_counted() {
        let logs = Logs::new(Meter::new());
        for _ in 0..=LOG_LINES {
            push(&logs, "x");
        }
        let (lines, dropped) = logs.finish();
        assert_eq!((lines.len(), dropped), (LOG_LINES as usize, 1));
        assert_eq!(lines.last().unwrap().seq, LOG_LINES);
    }

    #[test]
    fn bytes_beyond_the_limit_are_dropped_and_counted() {
        let logs = Logs::new(Meter::new());
        push(&logs, &"x".repeat(LOG_BYTES));
        push(&logs, "x");
        push(&logs, "");
        let (lines, dropped) = logs.finish();
        assert_eq!((lines.len(), dropped), (2, 1));
    }

    #[test]
    fn watcher_sees_each_line_once_and_the_end() {
        let logs = Logs::new(Meter::new());
        push(&logs, "before");
        let (lines, mut receiver) = logs.watch();
        push(&logs, "after");
        logs.finish();
        assert_eq!(lines[0].message, "before");
        assert_eq!(receiver.try_recv().unwrap().message, "after");
        assert_eq!(
            receiver.try_recv().unwrap_err(),
            broadcast::error::TryRecvError::Closed
        );
    }
}
