//! Compatibility dates: which there are, what a script gets, and what it keeps.

use scriptorium_model::compatibility::{FIRST, latest, parse, validate};
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Date, ScriptId, TenantId, Timestamp, Uuid};

const NOON: &str = "2026-11-30T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn a_date_is_written_in_one_way() {
    assert_eq!(parse("2026-11-30"), Ok(date("2026-11-30")));
    for text in [
        "",
        "today",
        "2026-11-31",
        "2026-02-29",
        "26-11-30",
        "2026-1-1",
        "20261130",
        "2026-11-30 ",
        "+002026-11-30",
        "2026-11-30T00:00:00",
        "2026-11-30T00:00:00Z",
        "2026-W49-1",
        "30.11.2026",
        "２０２６-11-30",
    ] {
        let errors = parse(text).unwrap_err().errors;
        let found = (errors[0].field.as_str(), errors[0].code);
        assert_eq!(found, ("compatibility", "bad_date"), "{text}");
    }
}

#[test]
fn the_latest_date_is_the_day_in_utc() {
    for (now, expected) in [
        (NOON, "2026-11-30"),
        ("2026-11-30T00:00:00Z", "2026-11-30"),
        ("2026-11-30T23:59:59.999Z", "2026-11-30"),
        ("2026-12-01T04:00:00+05:00", "2026-11-30"),
        // A clock that is wrong leaves the one date that there always is.
        ("1970-01-01T00:00:00Z", "2026-01-01"),
    ] {
        assert_eq!(latest(at(now)), date(expected), "{now}");
    }
}

#[test]
fn a_date_is_between_the_first_and_today() {
    for (text, allowed) in [
        ("2025-12-31", false),
        ("2026-01-01", true),
        ("2026-11-30", true),
        ("2026-12-01", false),
        ("9999-12-31", false),
    ] {
        let checked = validate(date(text), at(NOON));
        assert_eq!(checked.is_ok(), allowed, "{text}");
        for error in checked.err().into_iter().flat_map(|error| error.errors) {
            assert_eq!(
                (error.field.as_str(), error.code),
                ("compatibility", "out_of_range")
            );
            assert_eq!(
                error.message,
                "must be 2026-01-01 to 2026-11-30, which is today"
            );
        }
    }
    assert_eq!(FIRST, date("2026-01-01"));
}

#[test]
fn a_new_script_has_the_date_of_its_day_and_keeps_it() {
    let definition = |compatibility: Option<&str>| Definition {
        compatibility: compatibility.map(date),
        ..Definition::blank(Trigger::OneOff)
    };
    let new = |compatibility: Option<&str>| {
        let (id, tenant) = (ScriptId(Uuid::nil()), TenantId(Uuid::nil()));
        Script::new(id, tenant, definition(compatibility), None, at(NOON))
    };
    let script = new(None);
    assert_eq!(script.compatibility, Some(date("2026-11-30")));
    assert_eq!(
        new(Some("2026-02-03")).compatibility_date(),
        date("2026-02-03")
    );

    let later = at("2027-05-05T00:00:00Z");
    assert_eq!(script.edited(definition(None), None, later), None);
    let changed = Definition {
        description: "another".to_owned(),
        ..definition(None)
    };
    let changed = script.edited(changed, None, later).unwrap();
    assert_eq!(changed.compatibility, Some(date("2026-11-30")));
    let moved = script
        .edited(definition(Some("2027-05-05")), None, later)
        .unwrap();
    assert_eq!(
        (moved.version, moved.compatibility_date()),
        (2, date("2027-05-05"))
    );
}

#[test]
fn while_nothing_is_said_the_first_date_holds() {
    let definition = Definition::blank(Trigger::OneOff);
    assert_eq!(definition.compatibility_date(), FIRST);
    let said = Definition::builder(Trigger::OneOff)
        .name("a name")
        .source(scriptorium_model::script::Language::JavaScript, "return 1")
        .compatibility(date("2026-05-06"))
        .build();
    assert_eq!(said.unwrap().compatibility_date(), date("2026-05-06"));
}
