//! What is decided of a schedule that is due, and what its settings may be.

use jiff::{SignedDuration, Timestamp, ToSpan};
use scriptorium_model::ScriptId;
use scriptorium_model::schedule::{Decision, Missed, Overlap, Schedule, Timing};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn decide(cron: &str, missed: Missed, first: &str, now: &str) -> (String, Timing, u32) {
    let times = Schedule::new(cron, "UTC").times().unwrap();
    let decision = times.decision(missed, at(first), at(now));
    let Decision {
        planned_at,
        timing,
        passed_over,
    } = decision;
    (planned_at.to_string(), timing, passed_over)
}

#[test]
fn the_policy_says_which_missed_instant_is_decided_and_how() {
    use Timing::{CatchUp, Missed, OnTime};
    use scriptorium_model::schedule::Missed::{All, Latest, Skip};
    let first = "2026-03-02T09:00:00Z";
    for (missed, now, planned, timing, passed) in [
        (
            Skip,
            "2026-03-02T09:01:00Z",
            "2026-03-02T09:00:00Z",
            OnTime,
            0,
        ),
        (
            Skip,
            "2026-03-02T09:01:01Z",
            "2026-03-02T09:00:00Z",
            Missed,
            0,
        ),
        (
            Latest,
            "2026-03-02T09:01:01Z",
            "2026-03-02T09:00:00Z",
            CatchUp,
            0,
        ),
        (
            Latest,
            "2026-03-02T10:00:00Z",
            "2026-03-02T09:00:00Z",
            CatchUp,
            0,
        ),
        (
            Latest,
            "2026-03-02T10:00:01Z",
            "2026-03-02T09:00:00Z",
            Missed,
            0,
        ),
        (
            All,
            "2026-03-02T10:00:01Z",
            "2026-03-02T09:00:00Z",
            CatchUp,
            0,
        ),
        (
            Latest,
            "2026-03-05T09:00:00Z",
            "2026-03-05T09:00:00Z",
            OnTime,
            3,
        ),
        (
            All,
            "2026-03-05T09:00:00Z",
            "2026-03-02T09:00:00Z",
            CatchUp,
            0,
        ),
        (
            All,
            "2026-06-10T09:00:00Z",
            "2026-03-03T09:00:00Z",
            CatchUp,
            1,
        ),
        // A clock that was set back meanwhile.
        (
            Latest,
            "2026-03-02T08:00:00Z",
            "2026-03-02T09:00:00Z",
            OnTime,
            0,
        ),
        (
            All,
            "2026-03-02T08:00:00Z",
            "2026-03-02T09:00:00Z",
            OnTime,
            0,
        ),
    ] {
        let expected = (planned.to_owned(), timing, passed);
        assert_eq!(
            decide("0 9 * * *", missed, first, now),
            expected,
            "{missed:?} {now}"
        );
    }
    // Years of minutes are counted only so far.
    let (planned, _, passed) = decide(
        "* * * * *",
        All,
        "2020-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    );
    assert_eq!((planned.as_str(), passed), ("2025-12-31T22:21:00Z", 10_000));
}

#[test]
fn beginning_and_end_bound_what_is_planned() {
    let schedule = Schedule {
        starts_at: Some(at("2026-03-02T09:00Z")),
        ends_at: Some(at("2026-03-04T09:00Z")),
        ..Schedule::new("0 9 * * *", "UTC")
    };
    let days = |instants: Vec<Timestamp>| -> Vec<String> {
        instants
            .iter()
            .map(|at| at.to_string()[8..10].to_owned())
            .collect()
    };
    let early = at("2026-01-01T00:00Z");
    assert_eq!(
        days(schedule.upcoming(early, 10).unwrap()),
        ["02", "03", "04"]
    );
    assert_eq!(schedule.next_after(at("2026-03-04T09:00Z")).unwrap(), None);
    assert_eq!(
        schedule.latest_until(at("2026-03-02T08:59Z")).unwrap(),
        None
    );
    let last = Some(at("2026-03-04T09:00Z"));
    assert_eq!(
        schedule.latest_until(at("2026-05-01T00:00Z")).unwrap(),
        last
    );
}

#[test]
fn settings_have_their_ranges() {
    let plain = || Schedule::new("@daily", "UTC");
    let now = at("2026-03-02T09:00Z");
    let refused = |schedule: Schedule| match schedule.validated() {
        Ok(()) => String::new(),
        Err(invalid) => format!("{} {}", invalid.errors[0].field, invalid.errors[0].code),
    };
    for (schedule, expected) in [
        (
            Schedule {
                jitter_seconds: 3_600,
                ..plain()
            },
            "",
        ),
        (
            Schedule {
                jitter_seconds: 3_601,
                ..plain()
            },
            "schedule.jitter_seconds out_of_range",
        ),
        (
            Schedule {
                pause_after_failures: Some(0),
                ..plain()
            },
            "schedule.pause_after_failures out_of_range",
        ),
        (
            Schedule {
                pause_after_failures: Some(100),
                ..plain()
            },
            "",
        ),
        (
            Schedule {
                pause_after_failures: Some(101),
                ..plain()
            },
            "schedule.pause_after_failures out_of_range",
        ),
        (
            Schedule {
                starts_at: Some(now),
                ends_at: Some(now),
                ..plain()
            },
            "schedule.ends_at before_start",
        ),
        (
            Schedule {
                starts_at: Some(now),
                ends_at: Some(now + 1.hour()),
                ..plain()
            },
            "",
        ),
        (
            Schedule {
                ends_at: Some(now),
                ..plain()
            },
            "",
        ),
    ] {
        assert_eq!(refused(schedule), expected);
    }
    for missed in [Missed::Skip, Missed::Latest, Missed::All] {
        assert_eq!(Missed::from_name(missed.as_str()), Some(missed));
    }
    for overlap in [Overlap::Forbid, Overlap::Allow, Overlap::Replace] {
        assert_eq!(Overlap::from_name(overlap.as_str()), Some(overlap));
    }
    assert_eq!(
        (Missed::from_name("some"), Overlap::from_name("queue")),
        (None, None)
    );
}

#[test]
fn delays_are_the_scripts_own_and_spread() {
    let schedule = Schedule {
        jitter_seconds: 10,
        ..Schedule::new("@daily", "UTC")
    };
    let longest = SignedDuration::from_secs(10);
    let mut seconds = [0; 11];
    for number in 0..1_000_u128 {
        let script = ScriptId(scriptorium_model::Uuid::from_u128(number << 3 | 7 << 76));
        let delay = schedule.delay(script);
        assert!((SignedDuration::ZERO..=longest).contains(&delay));
        assert_eq!(delay, schedule.delay(script));
        seconds[delay.as_secs() as usize] += 1;
    }
    assert!(
        seconds[..10].iter().all(|count| (60..140).contains(count)),
        "{seconds:?}"
    );
    let none = Schedule::new("@daily", "UTC");
    assert_eq!(
        none.delay(ScriptId(scriptorium_model::Uuid::from_u128(9))),
        SignedDuration::ZERO
    );
}
