//! When a scheduled script runs: five-field cron in a named time zone, and the instants it means.
//! A local time that a clock change skips runs at the end of the gap; one that happens twice runs
//! once (R-CRON-01 to 03, G-06; security.md 5.2).

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Invalid;
use crate::definition::at_most;

/// Settings of a scheduled script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Five fields: minute, hour, day of month, month, day of week; or `@daily` and its like.
    pub cron: String,
    /// IANA name; `UTC` by default.
    pub timezone: String,
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
        let mut invalid = Invalid::default();
        invalid.check(self.parse_cron());
        invalid.check(self.zone());
        invalid.or(())
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
        let cron = self.parse_cron()?;
        let zone = self.zone()?;
        let from = after.to_zoned(zone);
        Ok(cron
            .find_next_occurrence(&from, false)
            .ok()
            .map(|next| next.timestamp()))
    }

    /// The last planned instant at or before `now`; `None` if there was none.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn latest_until(&self, now: Timestamp) -> Result<Option<Timestamp>, Invalid> {
        let cron = self.parse_cron()?;
        let from = now.to_zoned(self.zone()?);
        Ok(cron
            .find_previous_occurrence(&from, true)
            .ok()
            .map(|last| last.timestamp()))
    }

    /// The next `count` planned instants after `after`.
    ///
    /// # Errors
    /// Like [`Schedule::validated`].
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Result<Vec<Timestamp>, Invalid> {
        let mut instants = Vec::with_capacity(count);
        let mut from = after;
        while instants.len() < count {
            let Some(next) = self.next_after(from)? else {
                break;
            };
            instants.push(next);
            from = next;
        }
        Ok(instants)
    }

    fn parse_cron(&self) -> Result<Cron, Invalid> {
        let refuse = |code, message: String| Err(Invalid::field("schedule.cron", code, message));
        let text = self.cron.trim();
        if text.is_empty() {
            return refuse("required", "is required".into());
        }
        at_most("schedule.cron", &self.cron, CRON_CHARS)?;
        if !text.starts_with('@') && text.split_whitespace().count() != 5 {
            return refuse(
                "bad_cron",
                "must have five fields: minute hour day month weekday".into(),
            );
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = match parser.parse(text) {
            Ok(cron) => cron,
            Err(error) => return refuse("bad_cron", error.to_string()),
        };
        // A date that never comes, such as 30 February, is a mistake of the author.
        let start = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        if cron.find_next_occurrence(&start, true).is_err() {
            return refuse("never", "names a date that never comes".into());
        }
        Ok(cron)
    }

    fn zone(&self) -> Result<TimeZone, Invalid> {
        at_most("schedule.timezone", &self.timezone, ZONE_CHARS)?;
        (!self.timezone.is_empty())
            .then(|| TimeZone::get(&self.timezone).ok())
            .flatten()
            .ok_or_else(|| {
                Invalid::field(
                    "schedule.timezone",
                    "bad_timezone",
                    "must be an IANA name such as Asia/Tashkent",
                )
            })
    }
}
