//! Names, paths, event types, and limits, beyond the table of R-VAL.

use std::time::Duration;

use proptest::prelude::*;
use scriptorium_model::endpoint::{normalized, validate_path};
use scriptorium_model::limits::Limits;
use scriptorium_model::script::validate_name;
use scriptorium_model::{Invalid, event};

#[track_caller]
fn code(result: Result<(), Invalid>) -> &'static str {
    result.map_or_else(|invalid| invalid.errors[0].code, |()| "ok")
}

#[test]
fn names_follow_the_rules_of_three_alphabets() {
    for (name, expected) in [
        ("abc", "ok"),
        ("Отчёт по заказам (2026)", "ok"),
        ("Mijozlarga eslatma oʻzbekcha", "ok"),
        ("", "required"),
        ("ab", "too_short"),
        (" abc", "bad_characters"),
        ("a<b>c", "bad_characters"),
        ("a\nb c", "bad_characters"),
        (&"x".repeat(101), "too_long"),
    ] {
        assert_eq!(code(validate_name(name)), expected, "{name:?}");
    }
}

#[test]
fn paths_are_segments_parameters_and_a_last_wildcard() {
    for (path, expected) in [
        ("/reports/orders", "ok"),
        ("/reports/{year}/{month}", "ok"),
        ("/files/{*rest}", "ok"),
        ("", "required"),
        ("reports", "bad_path"),
        ("/", "bad_path"),
        ("/a//b", "bad_path"),
        ("/a/", "bad_path"),
        ("/a/../b", "bad_path"),
        ("/a/%2e%2e/b", "bad_path"),
        ("/a/{x}/{x}", "bad_path"),
        ("/a/{*rest}/b", "bad_path"),
        ("/a/{}", "bad_path"),
        ("/a b", "bad_path"),
        (&format!("/{}", "x".repeat(500)), "too_long"),
    ] {
        assert_eq!(code(validate_path(path)), expected, "{path:?}");
    }
}

#[test]
fn paths_that_differ_only_in_parameter_names_are_one_place() {
    assert_eq!(normalized("/a/{x}/b"), normalized("/a/{y}/b"));
    assert_ne!(normalized("/a/{x}"), normalized("/a/{*x}"));
}

#[test]
fn event_types_are_dotted_lower_case_words() {
    for (name, ok) in [
        ("order.created", true),
        ("client.reminder_sent", true),
        ("a.b.c2", true),
        ("order", false),
        ("Order.Created", false),
        ("order.", false),
        (".order", false),
        ("order created.x", false),
        ("order.2x", false),
    ] {
        assert_eq!(event::validate_type("type", name).is_ok(), ok, "{name}");
    }
}

#[test]
fn limits_outside_their_range_name_the_range() {
    assert!(Limits::default().validated().is_ok());
    let invalid = Limits {
        wall: Duration::from_millis(5),
        memory_bytes: 1,
        ..Limits::default()
    }
    .validated()
    .unwrap_err();
    let fields: Vec<&str> = invalid
        .errors
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    assert_eq!(
        fields,
        ["limits.wall_ms", "limits.cpu_ms", "limits.memory_bytes"]
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_rule_panic(text in "\\PC*") {
        let _ = validate_name(&text);
        let _ = validate_path(&text);
        let _ = event::validate_type("type", &text);
        let schedule = scriptorium_model::schedule::Schedule::new(text.clone(), text);
        let _ = schedule.validated();
    }
}
