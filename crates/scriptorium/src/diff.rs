//! The difference between two versions: changed settings by field, and the source line by line.

use std::ops::Range;
use std::time::{Duration, Instant};

use scriptorium_model::concurrency::Concurrency;
use scriptorium_model::script::Definition;
use scriptorium_model::trigger::{SignatureScheme, Trigger};
use scriptorium_model::version::Version;
use similar::{Algorithm, DiffOp, DiffTag, TextDiff, capture_diff_slices_deadline};

/// Two versions held beside each other (R-VER-07).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The left version.
    pub a: u32,
    /// The right version.
    pub b: u32,
    /// Settings that differ, without the source.
    pub changed_fields: Vec<FieldChange>,
    /// The source as a unified diff with three lines of context; empty when equal.
    pub unified: String,
    /// The source side by side, every line of it.
    pub rows: Vec<DiffRow>,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field as the API spells it.
    pub field: String,
    /// Its value on the left.
    pub before: String,
    /// Its value on the right.
    pub after: String,
}

/// What a row of the side-by-side view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The same line on both sides.
    Equal,
    /// A line only on the right.
    Insert,
    /// A line only on the left.
    Delete,
    /// A line that became another.
    Replace,
}

/// A row of the side-by-side view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// What it shows.
    pub kind: RowKind,
    /// The line on the left.
    pub left: Option<DiffLine>,
    /// The line on the right.
    pub right: Option<DiffLine>,
}

/// A line of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// Its number, from 1.
    pub number: u32,
    /// Its text.
    pub text: String,
    /// Of a line that became another, the characters that differ, from 0 in the order of the text;
    /// none where hardly anything is the same.
    pub marks: Vec<Range<usize>>,
}

/// Sources have at most 100 KB; within this time a worse but valid difference is found.
const DEADLINE: Duration = Duration::from_millis(200);

pub(crate) fn between(a: &Version, b: &Version) -> Diff {
    let (left, right) = (&a.definition.source, &b.definition.source);
    let mut config = TextDiff::configure();
    config.algorithm(Algorithm::Patience).timeout(DEADLINE);
    let diff = config.diff_lines(left.as_str(), right.as_str());
    let unified = diff
        .unified_diff()
        .context_radius(3)
        .header(
            &format!("version {}", a.number),
            &format!("version {}", b.number),
        )
        .to_string();
    let lines = Lines {
        left: left.lines().collect(),
        right: right.lines().collect(),
        until: Instant::now() + DEADLINE,
    };
    let rows = diff.ops().iter().flat_map(|op| lines.rows(op)).collect();
    Diff {
        a: a.number,
        b: b.number,
        changed_fields: changed_fields(&a.definition, &b.definition),
        unified: if left == right {
            String::new()
        } else {
            unified
        },
        rows,
    }
}

struct Lines<'a> {
    left: Vec<&'a str>,
    right: Vec<&'a str>,
    /// After this no more characters are marked.
    until: Instant,
}

impl Lines<'_> {
    fn rows(&self, op: &DiffOp) -> Vec<DiffRow> {
        let (old, new) = (op.old_range(), op.new_range());
        let kind = match op.tag() {
            similar::DiffTag::Equal => RowKind::Equal,
            similar::DiffTag::Insert => RowKind::Insert,
            similar::DiffTag::Delete => RowKind::Delete,
            similar::DiffTag::Replace => RowKind::Replace,
        };
        (0..old.len().max(new.len()))
            .map(|offset| {
                let left = old.clone().nth(offset).map(|index| line(&self.left, index));
                let right = new.clone().nth(offset);
                let right = right.map(|index| line(&self.right, index));
                let (left, right) = self.marked(left, right, kind);
                let kind = match (&left, &right) {
                    (Some(_), None) => RowKind::Delete,
                    (None, Some(_)) => RowKind::Insert,
                    _ => kind,
                };
                DiffRow { kind, left, right }
            })
            .collect()
    }
}

impl Lines<'_> {
    /// The sides of a row with what differs marked, where one line became another.
    fn marked(
        &self,
        left: Option<DiffLine>,
        right: Option<DiffLine>,
        kind: RowKind,
    ) -> (Option<DiffLine>, Option<DiffLine>) {
        match (left, right) {
            (Some(mut left), Some(mut right)) if kind == RowKind::Replace => {
                (left.marks, right.marks) = marks(&left.text, &right.text, self.until);
                (Some(left), Some(right))
            }
            sides => sides,
        }
    }
}

fn line(lines: &[&str], index: usize) -> DiffLine {
    DiffLine {
        number: u32::try_from(index + 1).unwrap_or(u32::MAX),
        text: lines.get(index).copied().unwrap_or_default().to_owned(),
        marks: Vec::new(),
    }
}

/// Longer lines are nothing that somebody wrote.
const MARKED_BYTES: usize = 2_000;

/// The characters of two lines that differ, word by word.
fn marks(left: &str, right: &str, until: Instant) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let nothing = (Vec::new(), Vec::new());
    let long = left.len().max(right.len()) > MARKED_BYTES;
    if long || Instant::now() > until {
        return nothing;
    }
    let (old, new) = (words(left), words(right));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(until));
    let (mut gone, mut came, mut same) = (Vec::new(), Vec::new(), 0);
    for op in &ops {
        let (before, after) = (op.old_range(), op.new_range());
        if op.tag() == DiffTag::Equal {
            // Blanks and single signs are the same by chance.
            let told = old[before].iter().filter(|word| word.len() > 1);
            same += told.map(|word| word.trim().len()).sum::<usize>();
        } else {
            gone.extend(characters(&old, before));
            came.extend(characters(&new, after));
        }
    }
    let shorter = left.trim().len().min(right.trim().len());
    if same * 4 < shorter.max(1) {
        return nothing;
    }
    (gone, came)
}

/// A line in names, blanks and single signs.
fn words(line: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '$' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut words = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (at, c) in line.char_indices() {
        let of = class(c);
        if before.is_some_and(|before| before != of || of == 2) {
            words.push(&line[begin..at]);
            begin = at;
        }
        before = Some(of);
    }
    if begin < line.len() {
        words.push(&line[begin..]);
    }
    words
}

/// Where some words of a line stand, counted in characters.
fn characters(words: &[&str], range: Range<usize>) -> Option<Range<usize>> {
    let count = |words: &[&str]| words.iter().map(|word| word.chars().count()).sum::<usize>();
    let begin = count(&words[..range.start]);
    let length = count(&words[range]);
    (length > 0).then(|| begin..begin + length)
}

/// The settings of a definition as pairs of field and text, in a fixed order.
fn settings(definition: &Definition) -> Vec<(String, String)> {
    let limits = &definition.limits;
    let concurrency = |told: fn(&Concurrency) -> String| {
        definition
            .concurrency
            .as_ref()
            .map(told)
            .unwrap_or_default()
    };
    let mut fields = vec![
        ("name", definition.name.clone()),
        ("description", definition.description.clone()),
        ("language", definition.language.as_str().into()),
        ("entry", definition.entry.clone().unwrap_or_default()),
        ("type", definition.trigger.kind().as_str().into()),
        ("limits.wall_ms", limits.wall.as_millis().to_string()),
        ("limits.cpu_ms", limits.cpu.as_millis().to_string()),
        ("limits.memory_bytes", limits.memory_bytes.to_string()),
        ("limits.api_calls", limits.api_calls.to_string()),
        ("limits.service_calls", limits.service_calls.to_string()),
        ("limits.output_bytes", limits.output_bytes.to_string()),
        ("limits.concurrency", limits.concurrency.to_string()),
        (
            "concurrency.key",
            concurrency(|c| c.key.clone().unwrap_or_default()),
        ),
        ("concurrency.limit", concurrency(|c| c.limit.to_string())),
        (
            "concurrency.when_full",
            concurrency(|c| c.when_full.as_str().into()),
        ),
        (
            "input_schema",
            definition
                .input_schema
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        (
            "output_schema",
            definition
                .output_schema
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        (
            "allowed_services",
            definition
                .allowed_services
                .as_ref()
                .map(|names| names.join(", "))
                .unwrap_or_default(),
        ),
        ("library", definition.library.to_string()),
        ("compatibility", definition.compatibility_date().to_string()),
        ("database", definition.database.as_str().to_owned()),
        (
            "run_as",
            definition
                .run_as
                .map(|user| user.to_string())
                .unwrap_or_default(),
        ),
        ("tags", definition.tags.join(", ")),
        (
            "metadata",
            definition
                .metadata
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect::<Vec<_>>()
                .join(", "),
        ),
    ];
    match &definition.trigger {
        Trigger::Scheduled(schedule) => fields.extend([
            ("schedule.cron", schedule.cron.clone()),
            ("schedule.timezone", schedule.timezone.clone()),
            ("schedule.missed", schedule.missed.as_str().into()),
            ("schedule.overlap", schedule.overlap.as_str().into()),
            (
                "schedule.jitter_seconds",
                schedule.jitter_seconds.to_string(),
            ),
            ("schedule.starts_at", written(schedule.starts_at)),
            ("schedule.ends_at", written(schedule.ends_at)),
            (
                "schedule.pause_after_failures",
                written(schedule.pause_after_failures),
            ),
            ("schedule.retries", schedule.retries.to_string()),
        ]),
        Trigger::Http(http) => fields.extend([
            ("http.path", http.path.clone()),
            (
                "http.methods",
                http.methods
                    .iter()
                    .map(|m| m.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            ("http.auth", http.auth.as_str().into()),
            (
                "http.permission",
                http.permission.clone().unwrap_or_default(),
            ),
            (
                "http.rate_limit_per_minute",
                written(http.rate_limit_per_minute),
            ),
            (
                "http.caller_rate_limit_per_minute",
                written(http.caller_rate_limit_per_minute),
            ),
            (
                "http.signature.scheme",
                written(http.signature.map(SignatureScheme::as_str)),
            ),
            ("http.cors_origins", http.cors_origins.join(", ")),
            ("http.cache_seconds", written(http.cache_seconds)),
            ("http.before", http.before.join(", ")),
            ("http.after", http.after.join(", ")),
        ]),
        Trigger::Event(event) => fields.extend([
            ("event.types", event.types.join(", ")),
            (
                "event.filter",
                event
                    .filter
                    .as_ref()
                    .map(|filter| filter.as_json().to_string())
                    .unwrap_or_default(),
            ),
            ("event.priority", event.priority.to_string()),
            ("event.max_attempts", event.max_attempts.to_string()),
            (
                "event.debounce_ms",
                written(event.debounce.as_ref().map(|debounce| debounce.wait_ms)),
            ),
            (
                "event.debounce_key",
                written(
                    event
                        .debounce
                        .as_ref()
                        .and_then(|debounce| debounce.key.clone()),
                ),
            ),
            (
                "event.batch_ms",
                written(event.batch.as_ref().map(|batch| batch.wait_ms)),
            ),
            (
                "event.batch_events",
                written(event.batch.as_ref().map(|batch| batch.max_events)),
            ),
            (
                "event.batch_key",
                written(event.batch.as_ref().and_then(|batch| batch.key.clone())),
            ),
            ("event.order_by", written(event.order_by.as_ref())),
        ]),
        Trigger::OneOff | Trigger::Embedded => {}
    }
    fields
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value))
        .collect()
}

/// What may be absent.
fn written(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

pub(crate) fn changed_fields(a: &Definition, b: &Definition) -> Vec<FieldChange> {
    let (left, right) = (settings(a), settings(b));
    let value = |list: &[(String, String)], field: &str| {
        list.iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let mut names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(
        right
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !left.iter().any(|(l, _)| l == name)),
    );
    names
        .into_iter()
        .map(|field| FieldChange {
            field: field.to_owned(),
            before: value(&left, field),
            after: value(&right, field),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

#[cfg(test)]
mod tests {
    use scriptorium_model::{ScriptId, TenantId, Timestamp, Uuid};

    use super::*;

    fn version(number: u32, source: &str, name: &str) -> Version {
        Version {
            tenant: TenantId(Uuid::nil()),
            script: ScriptId(Uuid::nil()),
            number,
            definition: Definition {
                name: name.into(),
                source: source.into(),
                ..Definition::blank(Trigger::OneOff)
            },
            change_description: String::new(),
            created_by: None,
            created_at: Timestamp::UNIX_EPOCH,
            milestone: None,
        }
    }

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[&str]) {
        let diff = between(&version(1, before, "abc"), &version(2, after, "abc"));
        let side = |side: &Option<DiffLine>| {
            side.as_ref()
                .map(|line| format!("{}{}", line.number, line.text))
                .unwrap_or_default()
        };
        let rows: Vec<String> = diff
            .rows
            .iter()
            .map(|row| format!("{:?} {}|{}", row.kind, side(&row.left), side(&row.right)))
            .collect();
        assert_eq!(rows, expected);
        assert_eq!(diff.unified.is_empty(), before == after);
    }

    #[test]
    fn each_line_stands_beside_what_it_became() {
        check("a\nb\n", "a\nb\n", &["Equal 1a|1a", "Equal 2b|2b"]);
        check(
            "a\nb\nc\n",
            "a\nx\nc\n",
            &["Equal 1a|1a", "Replace 2b|2x", "Equal 3c|3c"],
        );
        check("a\n", "a\nb\n", &["Equal 1a|1a", "Insert |2b"]);
        check("a\nb\n", "b\n", &["Delete 1a|", "Equal 2b|1b"]);
    }

    #[track_caller]
    fn check_marks(before: &str, after: &str, expected: (&str, &str)) {
        let until = Instant::now() + Duration::from_secs(60);
        let (gone, came) = marks(before, after, until);
        let shown = |text: &str, marks: &[Range<usize>]| {
            let mut shown = String::new();
            for (at, c) in text.chars().enumerate() {
                if marks.iter().any(|mark| mark.start == at) {
                    shown.push('[');
                }
                shown.push(c);
                if marks.iter().any(|mark| mark.end == at + 1) {
                    shown.push(']');
                }
            }
            shown
        };
        let told = (shown(before, &gone), shown(after, &came));
        assert_eq!((told.0.as_str(), told.1.as_str()), expected);
    }

    #[test]
    fn what_differs_within_a_line_is_marked_by_word() {
        check_marks(
            "return total * 2;",
            "return total * 20;",
            ("return total * [2];", "return total * [20];"),
        );
        check_marks(
            "const имя = f(a);",
            "const имя = f(a, b);",
            ("const имя = f(a);", "const имя = f(a[, b]);"),
        );
        check_marks(
            "if (a) { await going(b); }",
            "while (b.c) { await going(b); }",
            (
                "[if] ([a]) { await going(b); }",
                "[while] ([b.c]) { await going(b); }",
            ),
        );
    }

    #[test]
    fn lines_with_nothing_in_common_are_not_marked() {
        check_marks(
            "return 1;",
            "const x = y();",
            ("return 1;", "const x = y();"),
        );
        check_marks("", "a", ("", "a"));
        let long = "a ".repeat(MARKED_BYTES);
        check_marks(&long, "a b", (&long, "a b"));
    }

    #[test]
    fn only_replaced_lines_have_marks() {
        let diff = between(
            &version(1, "same\nreturn a + 1;\ngone\n", "abc"),
            &version(2, "same\nreturn a + 2;\n", "abc"),
        );
        let marked = |side: &Option<DiffLine>| side.as_ref().map_or(0, |line| line.marks.len());
        let marked: Vec<_> = diff
            .rows
            .iter()
            .map(|row| (row.kind, marked(&row.left), marked(&row.right)))
            .collect();
        let expected = [
            (RowKind::Equal, 0, 0),
            (RowKind::Replace, 1, 1),
            (RowKind::Delete, 0, 0),
        ];
        assert_eq!(marked, expected);
    }

    /// Sources of the largest size in which nothing is the same, and in which every line differs by a
    /// word: each is compared in the time that a page may take (R-PERF: 200 ms).
    #[test]
    fn the_largest_sources_are_compared_in_bounded_time() {
        let lines = |word: &str| {
            (0..4_000)
                .map(|n| format!("let {word}{n} = {n} + {word};\n"))
                .collect::<String>()
        };
        let begun = Instant::now();
        let diff = between(
            &version(1, &lines("a"), "abc"),
            &version(2, &lines("b"), "abc"),
        );
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(diff.rows.len(), 4_000);
    }

    #[test]
    fn the_unified_form_has_three_lines_around_a_change() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "five\n");
        let diff = between(&version(3, before, "abc"), &version(4, &after, "abc"));
        let expected =
            "--- version 3\n+++ version 4\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(diff.unified, expected);
    }

    #[test]
    fn every_setting_of_every_type_is_told() {
        use scriptorium_model::Timestamp;
        use scriptorium_model::endpoint::Method;
        use scriptorium_model::filter::Filter;
        use scriptorium_model::schedule::{Missed, Overlap, Schedule};
        use scriptorium_model::trigger::{Endpoint, EndpointAuth, Subscription};
        let named = |trigger: Trigger, other: Trigger| {
            let changed = changed_fields(&Definition::blank(trigger), &Definition::blank(other));
            let names = changed.into_iter().map(|change| change.field);
            names.collect::<Vec<_>>()
        };
        let plain = Schedule::new("@daily", "UTC");
        let other = Schedule {
            cron: "@hourly".into(),
            timezone: "Asia/Tashkent".into(),
            missed: Missed::All,
            overlap: Overlap::Replace,
            jitter_seconds: 30,
            starts_at: Some(Timestamp::UNIX_EPOCH),
            ends_at: Some(Timestamp::MAX),
            pause_after_failures: Some(5),
            retries: 2,
        };
        assert_eq!(
            named(Trigger::Scheduled(plain), Trigger::Scheduled(other)),
            [
                "schedule.cron",
                "schedule.timezone",
                "schedule.missed",
                "schedule.overlap",
                "schedule.jitter_seconds",
                "schedule.starts_at",
                "schedule.ends_at",
                "schedule.pause_after_failures",
                "schedule.retries"
            ]
        );
        let endpoint = Endpoint::new("/a", &[Method::Get], EndpointAuth::Required);
        let other = Endpoint {
            path: "/b".into(),
            methods: vec![Method::Post],
            auth: EndpointAuth::Signature,
            permission: Some("reports.view".into()),
            rate_limit_per_minute: Some(7),
            caller_rate_limit_per_minute: Some(3),
            signature: Some(SignatureScheme::Stripe),
            cors_origins: vec!["*".into()],
            cache_seconds: Some(60),
            before: vec!["who calls".into()],
            after: vec!["in xml".into()],
        };
        assert_eq!(
            named(Trigger::Http(endpoint), Trigger::Http(other)),
            [
                "http.path",
                "http.methods",
                "http.auth",
                "http.permission",
                "http.rate_limit_per_minute",
                "http.caller_rate_limit_per_minute",
                "http.signature.scheme",
                "http.cors_origins",
                "http.cache_seconds",
                "http.before",
                "http.after"
            ]
        );
        let text = r#"{"field":"total","op":"gt","value":100}"#;
        let json = scriptorium_model::Json::parse(text).unwrap();
        let other = Subscription {
            filter: Some(Filter::parse(json).unwrap()),
            priority: 1,
            max_attempts: 1,
            order_by: Some("client".into()),
            ..Subscription::to(["order.paid"])
        };
        assert_eq!(
            named(
                Trigger::Event(Subscription::to(["order.created"])),
                Trigger::Event(other)
            ),
            [
                "event.types",
                "event.filter",
                "event.priority",
                "event.max_attempts",
                "event.order_by"
            ]
        );
    }

    #[test]
    fn changed_settings_are_named() {
        let diff = between(&version(1, "a", "before"), &version(2, "a", "after"));
        let expected = FieldChange {
            field: "name".into(),
            before: "before".into(),
            after: "after".into(),
        };
        assert_eq!(diff.changed_fields, [expected]);
    }
}
