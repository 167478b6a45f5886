//! When a scheduled script runs: five-field cron in a named time zone, where a schedule stands, and what is
//! decided of instants that were missed (R-CRON-01 to 03, R-CRON-11, G-05, G-06). The language is in [`crate::cron`], clocks and zones in [`crate::calendar`].

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::cron::Cron;
use crate::definition::at_most;
use crate::invalid::out_of_range;
use crate::{Invalid, ScriptId, calendar};

/// Settings of a scheduled script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Five fields: minute, hour, day of month, month, day of week; or `@daily` and its like.
    pub cron: String,
    /// IANA name; `UTC` by default.
    pub timezone: String,
    /// What becomes of planned instants that passed while no server ran (R-CRON-11).
    pub missed: Missed,
    /// What happens when an instant comes while the run before goes on (R-CRON-06).
    pub overlap: Overlap,
    /// How much later than planned it may run, so that many schedules of one minute do not begin at
    /// once; 0 to 3,600. Each script has its own delay within, always the same.
    pub jitter_seconds: u32,
    /// The first instant that can be planned.
    pub starts_at: Option<Timestamp>,
    /// The last instant that can be planned.
    pub ends_at: Option<Timestamp>,
    /// Its script is paused after so many failures in a row; 1 to 100, never when `None`.
    pub pause_after_failures: Option<u32>,
    /// How often a run that failed is tried again, [`RETRY_AFTER`] each, while no further instant has
    /// come; 0 to 3.
    pub retries: u32,
}

/// What becomes of planned instants that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// None of them runs.
    Skip,
    /// The last of them runs, unless it is more than [`TOO_LATE`].
    #[default]
    Latest,
    /// All of them run, the oldest first; at most [`MOST_CATCH_UP`].
    All,
}

/// What happens when a planned instant comes while the run before goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It is skipped.
    #[default]
    Forbid,
    /// It runs beside.
    Allow,
    /// The run before is cancelled, and it runs as soon as that has ended.
    Replace,
}

/// How late an instant may be decided and still count as on time (R-CRON-05).
pub const ON_TIME: SignedDuration = SignedDuration::from_secs(60);
/// How late the last missed instant still runs (G-05).
pub const TOO_LATE: SignedDuration = SignedDuration::from_hours(1);
/// Most missed instants that run; those before are passed over.
pub const MOST_CATCH_UP: usize = 100;
/// Up to how many instants that are passed over are counted.
pub const MOST_COUNTED: u32 = 10_000;
/// Instants are told apart to this.
const JUST_BEFORE: SignedDuration = SignedDuration::from_micros(1);
/// The longest delay in seconds.
const MAX_JITTER: u32 = 3_600;
/// How long after its end a run that failed is tried again.
pub const RETRY_AFTER: Duration = Duration::from_secs(300);
/// Most retries of a run.
const MAX_RETRIES: u32 = 3;
/// Most failures to wait for.
const MAX_FAILURES: u32 = 100;

/// A schedule that was read: when it runs.
#[derive(Clone, Debug)]
pub struct Times {
    cron: Cron,
    zone: TimeZone,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

/// What is to be decided of a schedule that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The planned instant that is decided.
    pub planned_at: Timestamp,
    /// Whether it comes [`ON_TIME`], or how late it is.
    pub timing: Timing,
    /// How many planned instants before it nobody decided, up to [`MOST_COUNTED`].
    pub passed_over: u32,
}

/// A change of the clock that a schedule goes by, and what it does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// When it is.
    pub at: Timestamp,
    /// What local time is ahead of UTC before.
    pub offset_before: Offset,
    /// What it is ahead afterwards.
    pub offset_after: Offset,
    /// The last planned instants before and the first from then on.
    pub around: Vec<Timestamp>,
}

/// How a planned instant comes to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// When it is planned.
    OnTime,
    /// Later, and it runs all the same.
    CatchUp,
    /// Too late to run.
    Missed,
}

/// The longest cron text in characters (R-VAL-07).
const CRON_CHARS: usize = 255;
/// The longest name of a time zone in characters (R-VAL-08).
const ZONE_CHARS: usize = 100;

/// Where a schedule stands. It follows the status of its script and the calendar; nobody sets it
/// by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its script is not active: no instant is planned.
    Off,
    /// It runs next at this instant.
    Waiting(Timestamp),
    /// Its script is active, but the calendar has no further instant.
    Ended,
}

impl Standing {
    /// The next planned instant.
    pub fn next_at(self) -> Option<Timestamp> {
        match self {
            Self::Waiting(at) => Some(at),
            Self::Off | Self::Ended => None,
        }
    }

    /// Whether a schedule may move from here to `next`: a planned instant is followed by a later
    /// one only, and what has ended waits again only after its script was off.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Waiting(now), Self::Waiting(next)) => now < next,
            (Self::Off, Self::Off) | (Self::Ended, Self::Ended | Self::Waiting(_)) => false,
            _ => true,
        }
    }
}

impl Missed {
    const ALL: [Self; 3] = [Self::Skip, Self::Latest, Self::All];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Latest => "latest",
            Self::All => "all",
        }
    }

    /// The policy of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl Overlap {
    const ALL: [Self; 3] = [Self::Forbid, Self::Allow, Self::Replace];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Allow => "allow",
            Self::Replace => "replace",
        }
    }

    /// The policy of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl Schedule {
    /// An expression in a zone, with what the other settings are when nothing is said.
    pub fn new(cron: impl Into<String>, timezone: impl Into<String>) -> Self {
        Self {
            cron: cron.into(),
            timezone: timezone.into(),
            missed: Missed::default(),
            overlap: Overlap::default(),
            jitter_seconds: 0,
            starts_at: None,
            ends_at: None,
            pause_after_failures: None,
            retries: 0,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// `schedule.cron`, `schedule.timezone` and so on with the reason.
    pub fn validated(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.check(self.times());
        if self.jitter_seconds > MAX_JITTER {
            out_of_range("schedule.jitter_seconds", 0, MAX_JITTER, &mut invalid);
        }
        let failures = self.pause_after_failures;
        if failures.is_some_and(|failures| !(1..=MAX_FAILURES).contains(&failures)) {
            let field = "schedule.pause_after_failures";
            out_of_range(field, 1, MAX_FAILURES, &mut invalid);
        }
        if self.retries > MAX_RETRIES {
            out_of_range("schedule.retries", 0, MAX_RETRIES, &mut invalid);
        }
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && end <= start
        {
            let message = "must be after the start";
            invalid.push("schedule.ends_at", "before_start", message);
        }
        invalid.or(())
    }

    /// How much later than planned a script runs: its own part of the jitter, always the same.
    pub fn delay(&self, script: ScriptId) -> SignedDuration {
        // Ids begin with the time; what follows is random. Multiplying spreads neighbours.
        let random = (script.0.as_u128() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        let within = u64::from(self.jitter_seconds) * 1_000 + 1;
        SignedDuration::from_millis((random % within) as i64)
    }

    /// Where it stands at `now`, when its script is active or not (R-LIFE-06).
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn standing(&self, active: bool, now: Timestamp) -> Result<Standing, Invalid> {
        if !active {
            return Ok(Standing::Off);
        }
        let next = self.next_after(now)?;
        Ok(next.map_or(Standing::Ended, Standing::Waiting))
    }

    /// The first planned instant after `after`; `None` if there is none.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn next_after(&self, after: Timestamp) -> Result<Option<Timestamp>, Invalid> {
        Ok(self.times()?.next_after(after))
    }

    /// The last planned instant at or before `now`; `None` if there was none.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn latest_until(&self, now: Timestamp) -> Result<Option<Timestamp>, Invalid> {
        Ok(self.times()?.latest_until(now))
    }

    /// The next `count` planned instants after `after`.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Result<Vec<Timestamp>, Invalid> {
        Ok(self.times()?.after(after).take(count).collect())
    }

    /// What it means, read once for many questions.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn times(&self) -> Result<Times, Invalid> {
        let mut invalid = Invalid::default();
        let cron = invalid.check(self.parse_cron());
        let zone = invalid.check(self.zone());
        match (cron, zone) {
            (Some(cron), Some(zone)) => Ok(Times {
                cron,
                zone,
                starts_at: self.starts_at,
                ends_at: self.ends_at,
            }),
            _ => Err(invalid),
        }
    }

    fn parse_cron(&self) -> Result<Cron, Invalid> {
        at_most("schedule.cron", &self.cron, CRON_CHARS)?;
        Cron::parse(&self.cron)
    }

    fn zone(&self) -> Result<TimeZone, Invalid> {
        at_most("schedule.timezone", &self.timezone, ZONE_CHARS)?;
        calendar::zone(&self.timezone).ok_or_else(|| {
            let message = "must be an IANA name such as Asia/Tashkent";
            Invalid::field("schedule.timezone", "bad_timezone", message)
        })
    }
}

impl Times {
    /// The first planned instant after `after`; `None` if there is none.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let from = match self.starts_at {
            Some(start) if after < start => start.checked_sub(JUST_BEFORE).unwrap_or(start),
            _ => after,
        };
        let next = calendar::next(&self.cron, &self.zone, from)?;
        self.ends_at.is_none_or(|end| next <= end).then_some(next)
    }

    /// The last planned instant at or before `now`; `None` if there was none.
    pub fn latest_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.ends_at.map_or(now, |end| end.min(now));
        let last = calendar::previous(&self.cron, &self.zone, until)?;
        (self.starts_at.is_none_or(|start| start <= last)).then_some(last)
    }

    /// The next change of the clock after `after`, with the planned instants around it; `None` when the
    /// clock never changes any more, or nothing is planned from then on.
    pub fn next_clock_change(&self, after: Timestamp) -> Option<ClockChange> {
        let (at, offset_before, offset_after) = calendar::next_change(&self.zone, after)?;
        let just_before = at.checked_sub(JUST_BEFORE).ok()?;
        let earlier = |from: &Timestamp| self.latest_until(from.checked_sub(JUST_BEFORE).ok()?);
        let last = self.latest_until(just_before);
        let back = std::iter::successors(last, earlier);
        let mut around: Vec<Timestamp> = back.take_while(|at| *at > after).take(2).collect();
        around.reverse();
        let before = around.len();
        around.extend(self.after(just_before).take(3));
        (around.len() > before).then_some(ClockChange {
            at,
            offset_before,
            offset_after,
            around,
        })
    }

    /// The expression.
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// What is to be decided at `now`, when `first` is the earliest planned instant that was not: of
    /// several that have passed, the one that the policy says.
    pub fn decision(&self, missed: Missed, first: Timestamp, now: Timestamp) -> Decision {
        let last = self.latest_until(now).map_or(first, |last| last.max(first));
        let planned_at = match missed {
            Missed::Skip | Missed::Latest => last,
            Missed::All => self.catch_up_from(first, last),
        };
        let late = now.duration_since(planned_at);
        let timing = match missed {
            _ if late <= ON_TIME => Timing::OnTime,
            Missed::All => Timing::CatchUp,
            Missed::Latest if late <= TOO_LATE => Timing::CatchUp,
            Missed::Skip | Missed::Latest => Timing::Missed,
        };
        let between = std::iter::once(first).chain(self.after(first));
        let passed_over = between.take_while(|at| *at < planned_at);
        Decision {
            planned_at,
            timing,
            passed_over: passed_over.take(MOST_COUNTED as usize).count() as u32,
        }
    }

    /// The earliest of the last [`MOST_CATCH_UP`] from `first` to `last`.
    fn catch_up_from(&self, first: Timestamp, last: Timestamp) -> Timestamp {
        let before = |at: &Timestamp| self.latest_until(at.checked_sub(JUST_BEFORE).ok()?);
        let back = std::iter::successors(Some(last), before);
        let wanted = back.take(MOST_CATCH_UP).take_while(|at| *at >= first);
        wanted.last().unwrap_or(first)
    }

    /// The planned instants after `after`, in their order.
    pub fn after(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> {
        let first = self.next_after(after);
        std::iter::successors(first, |last| self.next_after(*last))
    }
}
