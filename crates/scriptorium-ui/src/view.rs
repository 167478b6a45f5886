//! How the words of the domain look: colours, icons, figures with units, and the status moves that
//! a script allows to this visitor.

use std::time::Duration;

use scriptorium::model::dead_letter::DeadLetterStatus;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::notification::NotificationStatus;
use scriptorium::model::policy::{self, Action};
use scriptorium::model::script::{Script, ScriptStatus, ScriptType};
use scriptorium::model::{Ctx, Json};

use crate::texts::Texts;
use crate::visitor::with_query;

/// A status move that can be offered as a button: the verb of its API route and its icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) verb: &'static str,
    pub(crate) icon: &'static str,
    /// Whether whoever does it has to say why.
    pub(crate) takes_reason: bool,
    to: ScriptStatus,
}

const MOVES: [Move; 4] = [
    Move {
        verb: "activate",
        icon: "play",
        takes_reason: false,
        to: ScriptStatus::Active,
    },
    Move {
        verb: "pause",
        icon: "pause",
        takes_reason: false,
        to: ScriptStatus::Paused,
    },
    Move {
        verb: "disable",
        icon: "ban",
        takes_reason: false,
        to: ScriptStatus::Disabled,
    },
    Move {
        verb: "archive",
        icon: "archive",
        takes_reason: false,
        to: ScriptStatus::Archived,
    },
];

/// The moves that the script's status and the visitor's rights allow.
pub(crate) fn moves(ctx: &Ctx, script: &Script) -> Vec<Move> {
    let from = script.status;
    MOVES
        .into_iter()
        .filter(|one| from.may_become(one.to))
        .filter(|one| may(ctx, policy::action_of_move(from, one.to), script))
        .map(|one| Move {
            takes_reason: from.takes_reason(one.to),
            ..one
        })
        .collect()
}

/// Whether to offer an action (R-UI-26); the façade decides again when it is asked for.
pub(crate) fn may(ctx: &Ctx, action: Action, script: &Script) -> bool {
    policy::may(ctx, action, script).is_ok()
}

/// Whether to offer what changes the script's content.
pub(crate) fn may_edit(ctx: &Ctx, script: &Script) -> bool {
    script.status.takes_changes() && may(ctx, Action::Update, script)
}

pub(crate) fn type_icon(kind: ScriptType) -> &'static str {
    match kind {
        ScriptType::Scheduled => "clock",
        ScriptType::Http => "globe",
        ScriptType::Event => "bolt",
        ScriptType::OneOff => "hand",
        ScriptType::Embedded => "plug",
    }
}

pub(crate) fn trigger_icon(trigger: TriggerKind) -> &'static str {
    match trigger {
        TriggerKind::Cron => "clock",
        TriggerKind::Http => "globe",
        TriggerKind::Event => "bolt",
        TriggerKind::Manual => "hand",
        TriggerKind::Api => "key",
        TriggerKind::Embedded => "plug",
    }
}

pub(crate) fn script_tone(status: ScriptStatus) -> &'static str {
    match status {
        ScriptStatus::Draft => "tone-hollow",
        ScriptStatus::Active => "tone-good",
        ScriptStatus::Paused => "tone-warn",
        ScriptStatus::Disabled => "tone-bad tone-hollow",
        ScriptStatus::Archived => "",
    }
}

pub(crate) fn execution_tone(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Pending => "tone-info tone-hollow",
        ExecutionStatus::Running => "tone-live",
        ExecutionStatus::Completed => "tone-good",
        ExecutionStatus::Failed => "tone-bad",
        ExecutionStatus::Timeout => "tone-warn",
        ExecutionStatus::Cancelled => "tone-hollow",
    }
}

pub(crate) fn dead_letter_tone(status: DeadLetterStatus) -> &'static str {
    match status {
        DeadLetterStatus::Pending => "tone-bad",
        DeadLetterStatus::Retrying => "tone-live",
        DeadLetterStatus::Resolved => "tone-good",
        DeadLetterStatus::Discarded => "tone-hollow",
    }
}

pub(crate) fn notification_tone(status: NotificationStatus) -> &'static str {
    match status {
        NotificationStatus::Pending => "tone-info tone-hollow",
        NotificationStatus::Sending => "tone-live",
        NotificationStatus::Sent => "tone-good",
        NotificationStatus::Recorded => "tone-hollow",
        NotificationStatus::Failed => "tone-bad",
        NotificationStatus::Discarded => "tone-hollow",
    }
}

/// `345 ms`, `1.2 s`, `2 min 5 s` in the reader's language.
pub(crate) fn duration(t: Texts, duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1 && !duration.is_zero() {
        return t.with(
            "unit-ms",
            "n",
            format!("{:.2}", duration.as_secs_f64() * 1000.0),
        );
    }
    if millis < 1_000 {
        return t.with("unit-ms", "n", millis);
    }
    if millis < 60_000 {
        let seconds = format!("{:.1}", duration.as_secs_f64());
        return t.with("unit-s", "n", seconds.trim_end_matches(".0"));
    }
    let seconds = duration.as_secs();
    t.filled(
        "unit-min-s",
        [
            ("min", (seconds / 60).to_string().into()),
            ("s", (seconds % 60).to_string().into()),
        ],
    )
}

/// `512 KiB`, `1.4 MiB` in the reader's language.
pub(crate) fn bytes(t: Texts, bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    if kib < 1024.0 {
        t.with("unit-kib", "n", format!("{kib:.0}"))
    } else {
        t.with("unit-mib", "n", format!("{:.1}", kib / 1024.0))
    }
}

/// A number as a script gave it, without the digits of binary fractions.
pub(crate) fn amount(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:e}");
    }
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A document with line breaks and indents, its members in the order they were written in, which
/// parsing it into a map would lose.
pub(crate) fn pretty_json(json: &Json) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut tokens = json.as_str().chars().peekable();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = tokens.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                while tokens.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                out.push(c);
                if let Some(end) = tokens.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// Where a list goes on.
pub(crate) struct Pager {
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

impl Pager {
    /// Links of a list at `path` with its filter; `cursor` is where this page began.
    pub(crate) fn new(
        path: &str,
        filter: &[(&str, &str)],
        cursor: Option<&str>,
        next: Option<&str>,
    ) -> Self {
        let next = next.map(|next| {
            let mut parameters = filter.to_vec();
            parameters.push(("cursor", next));
            with_query(path, &parameters)
        });
        Self {
            first: cursor.map(|_| with_query(path, filter)),
            next,
        }
    }

    pub(crate) fn is_needed(&self) -> bool {
        self.first.is_some() || self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Locale;

    #[test]
    fn durations_and_sizes_read_with_units() {
        let t = Texts(Locale::En);
        let check = |millis: u64, expected| {
            assert_eq!(duration(t, Duration::from_millis(millis)), expected);
        };
        check(0, "0 ms");
        check(345, "345 ms");
        check(1_240, "1.2 s");
        check(30_000, "30 s");
        check(125_000, "2 min 5 s");
        assert_eq!(duration(t, Duration::from_micros(340)), "0.34 ms");
        assert_eq!(bytes(t, 512 << 10), "512 KiB");
        assert_eq!(bytes(t, 1_468_006), "1.4 MiB");
    }

    #[test]
    fn amounts_have_no_more_digits_than_matter() {
        for (number, expected) in [
            (3.0, "3"),
            (0.1 + 0.2, "0.3"),
            (1_200.0, "1200"),
            (0.0, "0"),
            (1e300, "1e300"),
        ] {
            assert_eq!(amount(number), expected);
        }
    }

    #[test]
    fn documents_keep_their_order_and_what_strings_hold() {
        let json = Json::parse(r#"{"b": [1, {}], "a":"x, {\"y\\", "c" : [ ]}"#).unwrap();
        let pretty = pretty_json(&json);
        assert_eq!(Json::parse(&pretty).unwrap().to_value(), json.to_value());
        let keys: Vec<_> = pretty
            .lines()
            .filter(|line| line.starts_with("  \""))
            .collect();
        assert!(keys[0].starts_with("  \"b\": [") && keys[1].starts_with("  \"a\": "));
        assert!(keys[2].ends_with("\"c\": []"));
    }

    #[test]
    fn pager_links_keep_the_filter_and_drop_what_is_empty() {
        let pager = Pager::new("/scripts", &[("q", "a b"), ("type", "")], None, Some("c="));
        assert_eq!(pager.first, None);
        assert_eq!(pager.next.as_deref(), Some("/scripts?q=a+b&cursor=c%3D"));
    }
}
