//! Operations on many executions at once: what is asked for, how fast, and where one stands.

use std::time::Duration;

use crate::Invalid;
use crate::execution::ExecutionStatus;

/// What is done to each execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// It is stopped.
    Cancel,
    /// It is repeated, with the input it had and in the present version of its script.
    Replay,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Cancel, Self::Replay];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Replay => "replay",
        }
    }

    /// The kind of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it can be done to an execution that stands there: what has not ended is stopped, what has
    /// is repeated.
    pub fn suits(self, status: ExecutionStatus) -> bool {
        (self == Self::Replay) == status.is_final()
    }
}

/// Where an operation stands. The last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// It goes on, also after a restart.
    Running,
    /// It went through all that matched.
    Done,
    /// Somebody stopped it; what was done stays done.
    Cancelled,
    /// It could not go on: whoever asked for it is gone or may not do it any more.
    Stopped,
}

impl OperationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Cancelled, Self::Stopped];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
        }
    }

    /// The state of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether it can no longer change.
    pub fn is_final(self) -> bool {
        self != Self::Running
    }
}

/// How many things to take up at once, and how fast: dead letters as well as executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At most so many, the oldest first; 1 to [`MOST`].
    pub limit: u32,
    /// So many in a minute, 1 to [`FASTEST`]; as fast as it goes when `None`.
    pub per_minute: Option<u32>,
}

/// Most things of one call.
pub const MOST: u32 = 10_000;
/// Most things a minute that make a difference.
pub const FASTEST: u32 = 60_000;

impl Default for Pace {
    fn default() -> Self {
        Self {
            limit: 1_000,
            per_minute: None,
        }
    }
}

impl Pace {
    /// Itself, when both numbers are in their ranges.
    ///
    /// # Errors
    /// `out_of_range` on `limit` or `per_minute`.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let mut range = |field: &str, number: u32, max: u32| {
            if !(1..=max).contains(&number) {
                let message = format!("must be 1 to {max}");
                let error = invalid.push(field, "out_of_range", message);
                error.with("min", 1).with("max", max);
            }
        };
        range("limit", self.limit, MOST);
        range("per_minute", self.per_minute.unwrap_or(1), FASTEST);
        invalid.or(self)
    }

    /// Between two things.
    pub fn every(&self) -> Duration {
        let minute = Duration::from_secs(60);
        self.per_minute
            .map_or(Duration::ZERO, |rate| minute / rate.max(1))
    }

    /// How many at once: what a second brings, so that slow ones come one by one and fast ones in few
    /// transactions.
    pub fn at_once(&self, most: u32) -> u32 {
        self.per_minute
            .map_or(most, |rate| rate.div_ceil(60).clamp(1, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_in_its_ranges() {
        for (limit, per_minute, good) in [
            (1, None, true),
            (MOST, Some(FASTEST), true),
            (0, None, false),
            (MOST + 1, None, false),
            (1, Some(0), false),
            (1, Some(FASTEST + 1), false),
        ] {
            let pace = Pace { limit, per_minute };
            assert_eq!(pace.validated().is_ok(), good, "{pace:?}");
        }
    }

    #[test]
    fn a_rate_says_how_many_at_once_and_how_far_apart() {
        for (per_minute, at_once, every) in [
            (None, 100, 0),
            (Some(1), 1, 60_000),
            (Some(60), 1, 1_000),
            (Some(600), 10, 100),
            (Some(60_000), 100, 1),
        ] {
            let pace = Pace {
                limit: 1,
                per_minute,
            };
            let got = (pace.at_once(100), pace.every().as_millis());
            assert_eq!(got, (at_once, every), "{per_minute:?}");
        }
    }

    #[test]
    fn what_ended_is_repeated_and_what_goes_on_is_stopped() {
        for status in ExecutionStatus::ALL {
            assert_eq!(OperationKind::Replay.suits(status), status.is_final());
            assert_eq!(OperationKind::Cancel.suits(status), !status.is_final());
        }
    }
}
