//! When a scheduled script runs: five-field cron in a named time zone, and where a schedule stands
//! (R-CRON-01 to 03, G-06). The language is in [`crate::cron`], clocks and zones in [`crate::calendar`].

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cron::Cron;
use crate::definition::at_most;
use crate::{Invalid, calendar};

/// Settings of a scheduled script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Five fields: minute, hour, day of month, month, day of week; or `@daily` and its like.
    pub cron: String,
    /// IANA name; `UTC` by default.
    pub timezone: String,
}

/// A schedule that was read: when it runs.
#[derive(Clone, Debug)]
pub struct Times {
    cron: Cron,
    zone: TimeZone,
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

impl Schedule {
    /// Checks the expression and the zone.
    ///
    /// # Errors
    /// `schedule.cron` or `schedule.timezone` with the reason.
    pub fn validated(&self) -> Result<(), Invalid> {
        self.times().map(drop)
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
            (Some(cron), Some(zone)) => Ok(Times { cron, zone }),
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
        calendar::next(&self.cron, &self.zone, after)
    }

    /// The last planned instant at or before `now`; `None` if there was none.
    pub fn latest_until(&self, now: Timestamp) -> Option<Timestamp> {
        calendar::previous(&self.cron, &self.zone, now)
    }

    /// The planned instants after `after`, in their order.
    pub fn after(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> {
        let first = self.next_after(after);
        std::iter::successors(first, |last| self.next_after(*last))
    }
}
