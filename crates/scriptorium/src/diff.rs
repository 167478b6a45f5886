//! The difference between two versions: changed settings by field, and the source line by line.

use std::time::Duration;

use scriptorium_model::script::Definition;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::version::Version;
use similar::{Algorithm, DiffOp, TextDiff};

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
    /// Line number from 1 and text on the left.
    pub left: Option<(u32, String)>,
    /// Line number from 1 and text on the right.
    pub right: Option<(u32, String)>,
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
                let right = new
                    .clone()
                    .nth(offset)
                    .map(|index| line(&self.right, index));
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

fn line(lines: &[&str], index: usize) -> (u32, String) {
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
    (
        number,
        lines.get(index).copied().unwrap_or_default().to_owned(),
    )
}

/// The settings of a definition as pairs of field and text, in a fixed order.
fn settings(definition: &Definition) -> Vec<(String, String)> {
    let limits = &definition.limits;
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
            "input_schema",
            definition
                .input_schema
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
                http.rate_limit_per_minute
                    .map(|rate| rate.to_string())
                    .unwrap_or_default(),
            ),
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
        ]),
        Trigger::OneOff | Trigger::Embedded => {}
    }
    fields
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value))
        .collect()
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
        let side = |side: &Option<(u32, String)>| {
            side.as_ref()
                .map(|(n, text)| format!("{n}{text}"))
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
