//! Cron: which expressions are refused, and what they mean across clock changes.

use jiff::Timestamp;
use scriptorium_model::schedule::Schedule;

#[track_caller]
fn check(cron: &str, timezone: &str, after: &str, expected: &[&str]) {
    let schedule = Schedule {
        cron: cron.into(),
        timezone: timezone.into(),
    };
    let after: Timestamp = after.parse().unwrap();
    let found: Vec<String> = schedule
        .upcoming(after, expected.len())
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, expected, "{cron} in {timezone}");
}

#[track_caller]
fn refused(cron: &str, timezone: &str, field: &str, code: &str) {
    let schedule = Schedule {
        cron: cron.into(),
        timezone: timezone.into(),
    };
    let invalid = schedule.validated().unwrap_err();
    assert_eq!(
        (invalid.errors[0].field.as_str(), invalid.errors[0].code),
        (field, code),
        "{cron}"
    );
}

#[test]
fn samples_of_the_seeds_mean_what_they_say() {
    check(
        "0 0 * * *",
        "UTC",
        "2026-03-01T10:00:00Z",
        &["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
    );
    check(
        "*/15 * * * *",
        "UTC",
        "2026-03-01T10:01:00Z",
        &["2026-03-01T10:15:00Z", "2026-03-01T10:30:00Z"],
    );
    check(
        "0 9 * * 1-5",
        "UTC",
        "2026-03-06T10:00:00Z",
        &["2026-03-09T09:00:00Z"],
    );
    check(
        "0 0 1 * *",
        "UTC",
        "2026-03-06T10:00:00Z",
        &["2026-04-01T00:00:00Z"],
    );
    check(
        "0 9 * * *",
        "Asia/Tashkent",
        "2026-03-06T10:00:00Z",
        &["2026-03-07T04:00:00Z"],
    );
    check(
        "@daily",
        "UTC",
        "2026-03-06T10:00:00Z",
        &["2026-03-07T00:00:00Z"],
    );
    check(
        "30 8 * jan mon",
        "UTC",
        "2026-01-01T00:00:00Z",
        &["2026-01-05T08:30:00Z"],
    );
}

#[test]
fn a_skipped_local_time_runs_once_at_the_end_of_the_gap() {
    check(
        "30 2 * * *",
        "America/New_York",
        "2026-03-08T05:00:00Z",
        &["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
    );
}

#[test]
fn a_repeated_local_time_runs_once() {
    check(
        "30 1 * * *",
        "America/New_York",
        "2026-11-01T04:00:00Z",
        &["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    );
}

#[test]
fn a_midnight_job_in_london_runs_once_on_the_spring_day() {
    check(
        "0 0 * * *",
        "Europe/London",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"],
    );
}

#[test]
fn impossible_schedules_are_refused_with_a_reason() {
    refused("", "UTC", "schedule.cron", "required");
    refused("* * * *", "UTC", "schedule.cron", "bad_cron");
    refused("* * * * * *", "UTC", "schedule.cron", "bad_cron");
    refused("61 * * * *", "UTC", "schedule.cron", "bad_cron");
    refused("0 0 30 2 *", "UTC", "schedule.cron", "never");
    refused(
        &format!("{} * * * *", "1,".repeat(200)),
        "UTC",
        "schedule.cron",
        "too_long",
    );
    refused(
        "0 0 * * *",
        "Mars/Olympus",
        "schedule.timezone",
        "bad_timezone",
    );
    refused("0 0 * * *", "", "schedule.timezone", "bad_timezone");
}
