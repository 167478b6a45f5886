//! Cron: which expressions are refused and where, and what the others mean across clock changes.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp, ToSpan};
use scriptorium_model::calendar;
use scriptorium_model::schedule::Schedule;

fn schedule(cron: &str, timezone: &str) -> Schedule {
    Schedule::new(cron, timezone)
}

#[track_caller]
fn check(cron: &str, timezone: &str, after: &str, expected: &[&str]) {
    let times = schedule(cron, timezone).times().unwrap();
    let after: Timestamp = after.parse().unwrap();
    let expected: Vec<Timestamp> = expected.iter().map(|at| at.parse().unwrap()).collect();
    let found: Vec<Timestamp> = times.after(after).take(expected.len()).collect();
    assert_eq!(found, expected, "{cron} in {timezone}");
    // Backwards: each until the next, and nothing new between the start and the first.
    let second = SignedDuration::from_secs(1);
    for (index, at) in expected.iter().enumerate() {
        assert_eq!(times.latest_until(*at), Some(*at), "{cron} in {timezone}");
        let before = index.checked_sub(1).map(|before| expected[before]);
        let latest = times.latest_until(*at - second).unwrap();
        match before {
            Some(before) => assert_eq!(latest, before, "{cron} in {timezone}"),
            None => assert!(latest <= after, "{cron} in {timezone}: {latest}"),
        }
    }
}

/// Where a refusal points: its code, and part, character, least and greatest where there are any.
#[track_caller]
fn refused(cron: &str, timezone: &str, expected: &str) {
    let invalid = schedule(cron, timezone).validated().unwrap_err();
    let error = &invalid.errors[0];
    let params: Vec<&str> = error.params.iter().map(|(_, value)| &**value).collect();
    let found = format!("{} {} {}", error.field, error.code, params.join(" "));
    assert_eq!(
        found.trim_end(),
        expected,
        "{cron} in {timezone}: {error:?}"
    );
}

#[test]
fn samples_of_the_seeds_mean_what_they_say() {
    for (cron, timezone, after, expected) in [
        (
            "0 0 * * *",
            "UTC",
            "2026-03-01T10:00Z",
            ["2026-03-02T00:00Z", "2026-03-03T00:00Z"],
        ),
        (
            "*/15 * * * *",
            "UTC",
            "2026-03-01T10:01Z",
            ["2026-03-01T10:15Z", "2026-03-01T10:30Z"],
        ),
        (
            "0 9 * * 1-5",
            "UTC",
            "2026-03-06T10:00Z",
            ["2026-03-09T09:00Z", "2026-03-10T09:00Z"],
        ),
        (
            "0 9-17 * * 1-5",
            "UTC",
            "2026-03-06T16:00Z",
            ["2026-03-06T17:00Z", "2026-03-09T09:00Z"],
        ),
        (
            "0 0 1 * *",
            "UTC",
            "2026-03-06T10:00Z",
            ["2026-04-01T00:00Z", "2026-05-01T00:00Z"],
        ),
        (
            "0 9 * * *",
            "Asia/Tashkent",
            "2026-03-06T10:00Z",
            ["2026-03-07T04:00Z", "2026-03-08T04:00Z"],
        ),
        (
            "@daily",
            "UTC",
            "2026-03-06T10:00Z",
            ["2026-03-07T00:00Z", "2026-03-08T00:00Z"],
        ),
        (
            "30 8 * jan mon",
            "UTC",
            "2026-01-01T00:00Z",
            ["2026-01-05T08:30Z", "2026-01-12T08:30Z"],
        ),
    ] {
        check(cron, timezone, after, &expected);
    }
}

/// The table of security.md 5.4, whose instants another oracle found.
#[test]
fn vectors_of_clock_changes() {
    let table: [(&str, &str, &str, &[&str]); 16] = [
        (
            "30 2 * * *",
            "Europe/Stockholm",
            "2026-03-28T12:00Z",
            &[
                "2026-03-29T01:00Z",
                "2026-03-30T00:30Z",
                "2026-03-31T00:30Z",
            ],
        ),
        (
            "0 0 * * *",
            "Europe/London",
            "2026-03-28T12:00Z",
            &[
                "2026-03-29T00:00Z",
                "2026-03-29T23:00Z",
                "2026-03-30T23:00Z",
            ],
        ),
        (
            "*/15 * * * *",
            "Europe/Stockholm",
            "2026-03-29T00:40Z",
            &[
                "2026-03-29T00:45Z",
                "2026-03-29T01:00Z",
                "2026-03-29T01:15Z",
                "2026-03-29T01:30Z",
            ],
        ),
        (
            "0 */2 * * *",
            "Europe/Stockholm",
            "2026-03-28T23:00Z",
            &[
                "2026-03-29T02:00Z",
                "2026-03-29T04:00Z",
                "2026-03-29T06:00Z",
            ],
        ),
        (
            "*/30 2 * * *",
            "Europe/Stockholm",
            "2026-10-24T12:00Z",
            &[
                "2026-10-25T00:00Z",
                "2026-10-25T00:30Z",
                "2026-10-25T01:00Z",
                "2026-10-25T01:30Z",
                "2026-10-26T01:00Z",
            ],
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-10-31T12:00Z",
            &["2026-11-01T05:30Z", "2026-11-02T06:30Z"],
        ),
        (
            "0 0 * * *",
            "America/Santiago",
            "2026-09-05T12:00Z",
            &[
                "2026-09-06T04:00Z",
                "2026-09-07T03:00Z",
                "2026-09-08T03:00Z",
            ],
        ),
        (
            "0 */2 * * *",
            "Africa/Cairo",
            "2026-04-23T19:30Z",
            &[
                "2026-04-23T20:00Z",
                "2026-04-23T23:00Z",
                "2026-04-24T01:00Z",
            ],
        ),
        (
            "0 0 * * *",
            "Asia/Beirut",
            "2026-03-28T12:00Z",
            &["2026-03-28T22:00Z", "2026-03-29T21:00Z"],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T10:00Z",
            &["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
        ),
        (
            "0 12 * * *",
            "Pacific/Apia",
            "2011-12-29T00:00Z",
            &[
                "2011-12-29T22:00Z",
                "2011-12-30T10:00Z",
                "2011-12-30T22:00Z",
            ],
        ),
        (
            "30 2 * * *",
            "Antarctica/Troll",
            "2026-03-28T12:00Z",
            &["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
        ),
        (
            "30 2 * * *",
            "Africa/Casablanca",
            "2026-02-14T12:00Z",
            &[
                "2026-02-15T01:30Z",
                "2026-02-16T02:30Z",
                "2026-02-17T02:30Z",
            ],
        ),
        (
            "0 0 31 * *",
            "UTC",
            "2026-01-01T00:00Z",
            &[
                "2026-01-31T00:00Z",
                "2026-03-31T00:00Z",
                "2026-05-31T00:00Z",
                "2026-07-31T00:00Z",
            ],
        ),
        (
            "0 9 * * 1-5",
            "Asia/Kathmandu",
            "2026-01-02T00:00Z",
            &["2026-01-02T03:15Z", "2026-01-05T03:15Z"],
        ),
        (
            "0 2 * * *",
            "Australia/Sydney",
            "2025-10-04T12:00Z",
            &["2025-10-04T16:00Z", "2025-10-05T15:00Z"],
        ),
    ];
    for (cron, timezone, after, expected) in table {
        check(cron, timezone, after, expected);
    }
}

/// What other dialects leave open.
#[test]
fn fields_mean_what_crontabs_mean() {
    for (cron, after, expected) in [
        // Both kinds of day: either. A field that is not a star is a restriction, even if it names all.
        (
            "0 12 1 * MON",
            "2025-09-29T13:00Z",
            ["2025-10-01T12:00Z", "2025-10-06T12:00Z"],
        ),
        (
            "0 12 1-31 * MON",
            "2025-10-06T13:00Z",
            ["2025-10-07T12:00Z", "2025-10-08T12:00Z"],
        ),
        (
            "0 12 * * MON",
            "2025-10-05T13:00Z",
            ["2025-10-06T12:00Z", "2025-10-13T12:00Z"],
        ),
        (
            "0 0 29 2 1",
            "2026-02-20T00:00Z",
            ["2026-02-23T00:00Z", "2027-02-01T00:00Z"],
        ),
        // Sunday is 0 and 7, and ends a week.
        (
            "0 0 * * 7",
            "2026-01-01T00:00Z",
            ["2026-01-04T00:00Z", "2026-01-11T00:00Z"],
        ),
        (
            "0 0 * * 6-7",
            "2026-01-01T00:00Z",
            ["2026-01-03T00:00Z", "2026-01-04T00:00Z"],
        ),
        (
            "0 0 * * sat-SUN",
            "2026-01-01T00:00Z",
            ["2026-01-03T00:00Z", "2026-01-04T00:00Z"],
        ),
        (
            "0 0 * * sun-mon",
            "2026-01-01T00:00Z",
            ["2026-01-04T00:00Z", "2026-01-05T00:00Z"],
        ),
        (
            "5-59/15 9 * * *",
            "2025-03-10T09:20Z",
            ["2025-03-10T09:35Z", "2025-03-10T09:50Z"],
        ),
        (
            "0,30 8-9/1,20 * * *",
            "2025-03-10T09:10Z",
            ["2025-03-10T09:30Z", "2025-03-10T20:00Z"],
        ),
        (
            " 0\t0  1 Jan * ",
            "2025-03-10T09:10Z",
            ["2026-01-01T00:00Z", "2027-01-01T00:00Z"],
        ),
        (
            "@weekly",
            "2025-10-01T00:00Z",
            ["2025-10-05T00:00Z", "2025-10-12T00:00Z"],
        ),
        (
            "@yearly",
            "2025-10-01T00:00Z",
            ["2026-01-01T00:00Z", "2027-01-01T00:00Z"],
        ),
        (
            "@hourly",
            "2025-10-01T00:00Z",
            ["2025-10-01T01:00Z", "2025-10-01T02:00Z"],
        ),
        // Leap days, over a century that has none.
        (
            "0 0 29 2 *",
            "2095-01-01T00:00Z",
            ["2096-02-29T00:00Z", "2104-02-29T00:00Z"],
        ),
    ] {
        check(cron, "UTC", after, &expected);
    }
}

#[test]
fn what_is_not_in_the_language_is_refused_where_it_stands() {
    for (cron, expected) in [
        ("", "required"),
        (" \t ", "required"),
        ("* * * *", "bad_cron"),
        ("* * * * * *", "bad_cron"),
        ("0 0 0 1 1 * 2027", "bad_cron"),
        ("60 * * * *", "bad_cron minute 1 0 59"),
        ("61 * * * *", "bad_cron minute 1 0 59"),
        ("0 24 * * *", "bad_cron hour 3 0 23"),
        ("0 0 0 * *", "bad_cron day 5 1 31"),
        ("0 0 32 * *", "bad_cron day 5 1 31"),
        ("0 0 1 13 *", "bad_cron month 7 1 12"),
        ("0 0 * * 8", "bad_cron weekday 9 0 7"),
        ("0 0 10-5 * *", "bad_cron day 5 1 31"),
        ("0 0 * * fri-mon", "bad_cron weekday 9 0 7"),
        ("*/0 * * * *", "bad_cron minute 3 1 59"),
        ("*/60 * * * *", "bad_cron minute 3 1 59"),
        ("/30 * * * *", "bad_cron minute 1 0 59"),
        ("5/15 * * * *", "bad_cron minute 1 0 59"),
        ("*/ * * * *", "bad_cron minute 3 1 59"),
        ("*/5/5 * * * *", "bad_cron minute 3 1 59"),
        ("1,2,,3 * * * *", "bad_cron minute 5 0 59"),
        ("1,2, * * * *", "bad_cron minute 5 0 59"),
        ("1- * * * *", "bad_cron minute 1 0 59"),
        ("-1 * * * *", "bad_cron minute 1 0 59"),
        ("1-2-3 * * * *", "bad_cron minute 3 0 59"),
        ("+5 * * * *", "bad_cron minute 1 0 59"),
        ("1.5 * * * *", "bad_cron minute 1 0 59"),
        ("999999999999 * * * *", "bad_cron minute 1 0 59"),
        ("** * * * *", "bad_cron minute 1 0 59"),
        ("0 0 L * *", "bad_cron day 5 1 31"),
        ("0 0 15W * *", "bad_cron day 5 1 31"),
        ("0 0 1-15W * *", "bad_cron day 7 1 31"),
        ("0 0 * * 5L", "bad_cron weekday 9 0 7"),
        ("0 0 * * FRI#2", "bad_cron weekday 9 0 7"),
        ("0 0 * * +MON", "bad_cron weekday 9 0 7"),
        ("0 0 ? * MON", "bad_cron day 5 1 31"),
        ("0 0 * FOO *", "bad_cron month 7 1 12"),
        ("0 0 * january *", "bad_cron month 7 1 12"),
        ("jan 0 * * *", "bad_cron minute 1 0 59"),
        ("\u{663} * * * *", "bad_cron minute 1 0 59"),
        ("1,\u{ff15} * * * *", "bad_cron minute 3 0 59"),
        ("0\u{a0}0 * * * *", "bad_cron minute 1 0 59"),
        ("0 0\n* * *", "bad_cron"),
        ("@reboot", "bad_cron"),
        ("@Daily", "bad_cron"),
        ("@daily 0 0 * * *", "bad_cron"),
        ("@every 5m", "bad_cron"),
        ("0 0 30 2 *", "never"),
        ("0 0 31 4,6,9,11 *", "never"),
    ] {
        refused(cron, "UTC", &format!("schedule.cron {expected}"));
    }
    for hostile in [
        "1,".repeat(100_000),
        "*".repeat(1 << 20),
        "0 ".repeat(1 << 19),
    ] {
        refused(&hostile, "UTC", "schedule.cron too_long 255");
    }
}

#[test]
fn a_refusal_says_what_is_expected() {
    for (cron, message) in [
        (
            "0 24 * * *",
            "hour, character 3: must be 0 to 23, and not `24`",
        ),
        (
            "0 0 * foo *",
            "month, character 7: must be 1 to 12 or jan to dec, and not `foo`",
        ),
        (
            "1,,2 * * * *",
            "minute, character 3: must be 0 to 59, and nothing is there",
        ),
        (
            "0 0 9-5 * *",
            "day, character 5: a range begins with the smaller number, and not `9-5`",
        ),
        (
            "*/75 * * * *",
            "minute, character 3: a step is 1 to 59, and not `75`",
        ),
        (
            "@reboot",
            "must be times: a schedule does not know when a server starts",
        ),
    ] {
        let invalid = schedule(cron, "UTC").validated().unwrap_err();
        assert_eq!(invalid.errors[0].message, message);
    }
}

#[test]
fn zones_are_places_by_their_names_of_then_and_now() {
    for zone in [
        "UTC",
        "Asia/Tashkent",
        "Europe/Kiev",
        "Europe/Kyiv",
        "Etc/GMT+5",
        "america/new_york",
    ] {
        assert!(schedule("@daily", zone).validated().is_ok(), "{zone}");
    }
    for zone in [
        "",
        "Mars/Olympus",
        "EST",
        "CET",
        "MSK",
        "+05:00",
        "UTC+5",
        "Asia/Tashkent ",
        "../UTC",
    ] {
        refused("@daily", zone, "schedule.timezone bad_timezone");
    }
    refused("@daily", &"a/".repeat(51), "schedule.timezone too_long 100");
    // Both are told at once.
    let both = schedule("61 * * * *", "EST").validated().unwrap_err();
    assert_eq!(both.errors.len(), 2);
    let zones = calendar::zones();
    assert!(zones.len() > 400 && zones.iter().any(|zone| zone == "UTC"));
}

/// P5.4: no expression takes long, neither to be read nor to be searched.
#[test]
fn sparse_expressions_are_found_quickly() {
    let sparse = [
        "59 23 29 2 *",
        "0 0 29 feb *",
        "0 0 31 12 *",
        "1 1 1 1 7",
        "*/59 */23 29 2 *",
    ];
    let started = Instant::now();
    for cron in sparse {
        for zone in [
            "UTC",
            "Africa/Casablanca",
            "Europe/Dublin",
            "Antarctica/Troll",
        ] {
            let times = schedule(cron, zone).times().unwrap();
            let now: Timestamp = "2096-03-01T00:00Z".parse().unwrap();
            assert!(times.next_after(now).is_some() && times.latest_until(now).is_some());
        }
    }
    // Ten milliseconds each, built without optimisation, beside other tests.
    assert!(
        started.elapsed().as_millis() < 40 * 20,
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn the_next_clock_change_is_told_with_what_it_does() {
    let change = |cron: &str, zone: &str, after: &str| {
        let times = schedule(cron, zone).times().unwrap();
        let change = times.next_clock_change(after.parse().unwrap())?;
        let around: Vec<String> = change.around.iter().map(ToString::to_string).collect();
        let offsets = (
            change.offset_before.seconds(),
            change.offset_after.seconds(),
        );
        Some((change.at.to_string(), offsets, around))
    };
    let (at, offsets, around) =
        change("30 2 * * *", "Europe/Stockholm", "2026-03-01T00:00Z").unwrap();
    assert_eq!(
        (at.as_str(), offsets),
        ("2026-03-29T01:00:00Z", (3600, 7200))
    );
    let expected = [
        "2026-03-27T01:30:00Z",
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
        "2026-03-31T00:30:00Z",
    ];
    assert_eq!(around, expected);
    // What was before the question is not told.
    let (_, _, around) = change("0 0 1 * *", "Europe/Stockholm", "2026-03-02T00:00Z").unwrap();
    assert_eq!(around.len(), 3);
    assert_eq!(change("@daily", "Asia/Tashkent", "2026-03-01T00:00Z"), None);
    assert_eq!(change("@daily", "UTC", "2026-03-01T00:00Z"), None);
}

#[test]
fn the_calendar_has_ends() {
    let times = schedule("0 0 29 2 *", "Asia/Tashkent").times().unwrap();
    assert_eq!(times.next_after(Timestamp::MAX), None);
    assert_eq!(times.latest_until(Timestamp::MIN), None);
    let late = Timestamp::MAX - 24.hours();
    assert_eq!(times.after(late).count(), 0);
}
