//! The four state machines, each as its whole matrix, and as what no sequence of moves can do.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use scriptorium_model::dead_letter::{Cause, DeadLetter, DeadLetterStatus};
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::notification::NotificationStatus;
use scriptorium_model::schedule::{Schedule, Standing};
use scriptorium_model::script::{
    Definition, Language, RefusedMove, Script, ScriptStatus, validate_reason,
};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{
    DeadLetterId, EventId, ExecutionId, Json, ScriptId, TenantId, UserId, Uuid,
};

/// A line for each state: where it leads.
fn matrix<S: Copy>(
    all: impl IntoIterator<Item = S> + Clone,
    name: impl Fn(S) -> &'static str,
    may: impl Fn(S, S) -> bool,
) -> Vec<String> {
    let row = |from: S| {
        let to = all.clone().into_iter().filter(|to| may(from, *to));
        let to: Vec<&str> = to.map(&name).collect();
        format!("{} -> {}", name(from), to.join(" "))
    };
    all.clone().into_iter().map(row).collect()
}

#[test]
fn scripts_move_as_the_matrix_says() {
    let moves = matrix(
        ScriptStatus::ALL,
        ScriptStatus::as_str,
        ScriptStatus::may_become,
    );
    let expected = [
        "draft -> active archived",
        "active -> paused disabled",
        "paused -> active disabled archived",
        "disabled -> active archived",
        "archived -> ",
    ];
    assert_eq!(moves, expected);
}

#[test]
fn only_what_is_archived_takes_no_changes() {
    let fixed = ScriptStatus::ALL
        .into_iter()
        .filter(|status| !status.takes_changes());
    assert_eq!(fixed.collect::<Vec<_>>(), [ScriptStatus::Archived]);
}

#[test]
fn only_what_was_disabled_takes_a_reason_and_a_good_one() {
    let takes = matrix(
        ScriptStatus::ALL,
        ScriptStatus::as_str,
        ScriptStatus::takes_reason,
    );
    let taking: Vec<&String> = takes.iter().filter(|row| !row.ends_with("> ")).collect();
    assert_eq!(taking, ["disabled -> active"]);
    for (reason, code) in [
        ("", "required"),
        (" \n", "required"),
        (&"ў".repeat(501), "too_long"),
        (&"ў".repeat(500), "ok"),
        ("?", "ok"),
    ] {
        let said = validate_reason(reason).map_err(|invalid| invalid.errors[0].code);
        assert_eq!(said.err().unwrap_or("ok"), code, "{reason:.9}");
    }
}

#[test]
fn executions_move_as_the_matrix_says() {
    let moves = matrix(
        ExecutionStatus::ALL,
        ExecutionStatus::as_str,
        ExecutionStatus::may_become,
    );
    let expected = [
        "pending -> running failed cancelled",
        "running -> pending completed failed timeout cancelled",
        "completed -> ",
        "failed -> ",
        "timeout -> ",
        "cancelled -> ",
    ];
    assert_eq!(moves, expected);
}

#[test]
fn dead_letters_move_as_the_matrix_says() {
    let moves = matrix(
        DeadLetterStatus::ALL,
        DeadLetterStatus::as_str,
        DeadLetterStatus::may_become,
    );
    let expected = [
        "pending -> retrying discarded",
        "retrying -> pending resolved",
        "resolved -> ",
        "discarded -> ",
    ];
    assert_eq!(moves, expected);
}

#[test]
fn notifications_move_as_the_matrix_says() {
    let moves = matrix(
        NotificationStatus::ALL,
        NotificationStatus::as_str,
        NotificationStatus::may_become,
    );
    let expected = [
        "pending -> sending recorded discarded",
        "sending -> pending sent failed",
        "sent -> ",
        "recorded -> ",
        "failed -> pending discarded",
        "discarded -> ",
    ];
    assert_eq!(moves, expected);
}

#[test]
fn schedules_move_as_the_matrix_says() {
    let at = |second| Standing::Waiting(Timestamp::from_second(second).unwrap());
    let all = [Standing::Off, at(1), at(2), Standing::Ended];
    let name = |standing| match standing {
        Standing::Off => "off",
        Standing::Ended => "ended",
        other if other == at(1) => "earlier",
        Standing::Waiting(_) => "later",
    };
    let expected = [
        "off -> earlier later ended",
        "earlier -> off later ended",
        "later -> off ended",
        "ended -> off",
    ];
    assert_eq!(matrix(all, name, Standing::may_become), expected);
}

#[test]
fn every_state_is_found_by_its_name_and_nothing_else_is() {
    for status in ScriptStatus::ALL {
        assert_eq!(ScriptStatus::from_name(status.as_str()), Some(status));
    }
    for status in ExecutionStatus::ALL {
        assert_eq!(ExecutionStatus::from_name(status.as_str()), Some(status));
    }
    for status in DeadLetterStatus::ALL {
        assert_eq!(DeadLetterStatus::from_name(status.as_str()), Some(status));
    }
    for status in NotificationStatus::ALL {
        assert_eq!(NotificationStatus::from_name(status.as_str()), Some(status));
    }
    for wrong in ["", "Draft", "draft ", "success", "enabled"] {
        assert_eq!(ScriptStatus::from_name(wrong), None);
        assert_eq!(ExecutionStatus::from_name(wrong), None);
        assert_eq!(DeadLetterStatus::from_name(wrong), None);
        assert_eq!(NotificationStatus::from_name(wrong), None);
    }
}

fn script() -> Script {
    let (id, tenant) = (ScriptId(Uuid::nil()), TenantId(Uuid::nil()));
    let definition = Definition::blank(Trigger::OneOff);
    Script::new(id, tenant, definition, user(1), Timestamp::UNIX_EPOCH)
}

fn user(n: u128) -> Option<UserId> {
    Some(UserId(Uuid::from_u128(n)))
}

fn later(script: &Script) -> Timestamp {
    script.updated_at + SignedDuration::from_secs(1)
}

#[test]
fn what_comes_back_from_the_trash_does_not_run_by_itself() {
    for status in ScriptStatus::ALL {
        let before = Script { status, ..script() };
        let back = before.restored(later(&before));
        let active = status == ScriptStatus::Active;
        let expected = if active { ScriptStatus::Paused } else { status };
        assert_eq!(back.status, expected, "{status:?}");
        assert_eq!(back.paused_reason.is_some(), active, "{status:?}");
        assert_eq!(back.updated_at, later(&before));
        assert_eq!(back.definition, before.definition);
    }
}

/// A part of a definition, and what changes it.
type Part = (&'static str, fn(&mut Definition));

/// Every part of a definition: the source, the trigger, limits, rights and the rest.
#[test]
fn a_change_of_any_setting_makes_a_version() {
    let changes: [Part; 13] = [
        ("name", |d| d.name.push('x')),
        ("description", |d| d.description.push('x')),
        ("source", |d| d.source.push('x')),
        ("language", |d| d.language = Language::TypeScript),
        ("entry", |d| d.entry = Some("go".into())),
        ("trigger", |d| d.trigger = Trigger::Embedded),
        ("wall time", |d| d.limits.wall *= 2),
        ("concurrency", |d| d.limits.concurrency += 1),
        ("input schema", |d| d.input_schema = Some(Json::null())),
        ("services", |d| d.allowed_services = Some(Vec::new())),
        ("run_as", |d| d.run_as = user(9)),
        ("tags", |d| d.tags.push("x".into())),
        ("metadata", |d| {
            d.metadata.insert("a".into(), "b".into());
        }),
    ];
    let script = script();
    for (setting, change) in changes {
        let mut definition = script.definition.clone();
        let unchanged = script.edited(definition.clone(), user(2), later(&script));
        assert_eq!(unchanged, None, "{setting}");
        change(&mut definition);
        let edited = script.edited(definition, user(2), later(&script));
        assert_eq!(edited.map(|script| script.version), Some(2), "{setting}");
    }
}

fn cause(message: &str) -> Cause {
    Cause {
        code: "script.threw".into(),
        message: message.into(),
        stack: None,
    }
}

fn letter() -> DeadLetter {
    DeadLetter {
        id: DeadLetterId(Uuid::nil()),
        tenant: TenantId(Uuid::nil()),
        script: ScriptId(Uuid::nil()),
        script_name: "abc".into(),
        execution: None,
        event: EventId(Uuid::nil()),
        event_type: "order.created".into(),
        payload: Json::null(),
        cause: cause("first"),
        attempts: 4,
        max_attempts: 4,
        status: DeadLetterStatus::Pending,
        next_retry_at: None,
        last_retry_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        failed_at: Timestamp::UNIX_EPOCH,
    }
}

proptest! {
    /// Whatever is tried with a script: what it was stays untouched, only what X-27 allows
    /// happens, and nothing happens after the archive.
    #[test]
    fn a_script_moves_only_along_the_matrix(tries in prop::collection::vec((0..5_usize, any::<bool>()), 0..40)) {
        let mut script = script();
        for (to, said) in tries {
            let to = ScriptStatus::ALL[to];
            let reason = said.then_some("why");
            let before = script.clone();
            let silent = before.status.takes_reason(to) && !said;
            match script.moved(to, user(2), reason, later(&script)) {
                Ok(moved) => {
                    prop_assert!(before.status.may_become(to) && !silent);
                    prop_assert_eq!(moved.status, to);
                    prop_assert!(moved.updated_at > before.updated_at);
                    prop_assert_eq!(moved.paused_reason.is_some(), said && to == ScriptStatus::Paused);
                    prop_assert!(to != ScriptStatus::Active || moved.activated_by == user(2));
                    prop_assert_eq!(&moved.definition, &before.definition);
                    prop_assert_eq!(moved.version, before.version);
                    script = moved;
                }
                Err(refused) => {
                    prop_assert!(!before.status.may_become(to) || silent);
                    prop_assert_eq!(matches!(refused, RefusedMove::Reason(_)), silent);
                    prop_assert_eq!(&script, &before);
                }
            }
        }
    }

    /// Of any edits, as many versions as there were changes, numbered without a gap.
    #[test]
    fn a_version_is_made_by_a_change_and_only_by_one(texts in prop::collection::vec("[ab]?", 0..30)) {
        let mut script = script();
        let (mut versions, mut last) = (1, String::new());
        for text in texts {
            let mut definition = script.definition.clone();
            definition.source.clone_from(&text);
            let edited = script.edited(definition, user(3), later(&script));
            prop_assert_eq!(edited.is_some(), text != last);
            if let Some(next) = edited {
                versions += 1;
                prop_assert_eq!(next.version, versions);
                prop_assert_eq!((next.created_by, next.updated_by), (user(1), user(3)));
                prop_assert_eq!(next.status, script.status);
                script = next;
                last = text;
            }
        }
    }

    /// Whatever is tried with a dead letter: it counts its attempts, remembers its last execution and
    /// why it failed, and does nothing that its matrix does not know.
    #[test]
    fn a_dead_letter_moves_only_along_the_matrix(tries in prop::collection::vec(0..4_usize, 0..40)) {
        let mut letter = letter();
        for (step, to) in (1..).zip(tries.into_iter().map(|index| DeadLetterStatus::ALL[index])) {
            let before = letter.clone();
            let now = Timestamp::from_second(step).unwrap();
            let execution = ExecutionId(Uuid::from_u128(step.unsigned_abs().into()));
            let tried = match to {
                DeadLetterStatus::Pending => letter.failed_again(cause("again"), Some(now), now),
                DeadLetterStatus::Retrying => letter.retried(execution, now),
                DeadLetterStatus::Resolved => letter.resolved(),
                DeadLetterStatus::Discarded => letter.discarded(),
            };
            match tried {
                Ok(moved) => {
                    prop_assert!(before.status.may_become(to));
                    let retried = to == DeadLetterStatus::Retrying;
                    prop_assert_eq!(moved.attempts, before.attempts + u32::from(retried));
                    prop_assert_eq!(moved.execution == Some(execution), retried);
                    prop_assert!(!retried || moved.last_retry_at == Some(now));
                    let failed = to == DeadLetterStatus::Pending;
                    prop_assert_eq!(moved.failed_at == now, failed);
                    prop_assert_eq!(moved.next_retry_at == Some(now), failed);
                    prop_assert_eq!((&moved.payload, moved.event), (&before.payload, before.event));
                    letter = moved;
                }
                Err(refused) => {
                    prop_assert!(!before.status.may_become(to));
                    prop_assert_eq!((refused.from, refused.to), (before.status, to));
                    prop_assert_eq!(&letter, &before);
                }
            }
        }
    }

    #[test]
    fn a_final_state_never_changes(from in 0..6_usize, to in 0..6_usize) {
        let (execution, next) = (ExecutionStatus::ALL[from], ExecutionStatus::ALL[to]);
        prop_assert!(!(execution.is_final() && execution.may_become(next)));
        let (letter, next) = (DeadLetterStatus::ALL[from % 4], DeadLetterStatus::ALL[to % 4]);
        prop_assert!(!(letter.is_final() && letter.may_become(next)));
    }

    /// Each time it is asked, a schedule stands where its own machine allows it to go.
    #[test]
    fn a_schedule_moves_only_forward(steps in prop::collection::vec((any::<bool>(), 0..100_000_i64), 1..20)) {
        let schedule = Schedule::new("*/7 3 * * 1-5", "Asia/Tashkent");
        let (mut now, mut standing) = (Timestamp::UNIX_EPOCH, Standing::Off);
        for (active, seconds) in steps {
            now += SignedDuration::from_secs(seconds);
            let next = schedule.standing(active, now).unwrap();
            prop_assert!(next == standing || standing.may_become(next), "{standing:?} -> {next:?}");
            prop_assert_eq!(next.next_at().is_some(), active);
            standing = next;
        }
    }
}
