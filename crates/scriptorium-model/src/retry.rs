//! Which executions are tried again by themselves, and when (R-EVT-10, R-EVT-11, R-CRON-16, X-14, X-16).
//! What an event started is, and a run of a schedule whose author asks for it: who waits for an answer
//! tries again itself, and a person looks at what they began.

use std::time::Duration;

use serde_json::Value;

use crate::delivery::Delivery;
use crate::execution::{Execution, ExecutionStatus, Failure, TriggerKind};
use crate::{Json, Timestamp, schedule};

/// The wait before the second attempt; each further one is twice as long.
pub const BASE: Duration = Duration::from_secs(2);
/// The longest wait, whatever the failure asks for.
pub const LONGEST: Duration = Duration::from_secs(3_600);

/// Codes of thrown errors that the same input meets again.
const PERMANENT: [&str; 5] = [
    "VALIDATION_ERROR",
    "PERMISSION_DENIED",
    "UNAUTHORIZED_OPERATION",
    "SSRF_BLOCKED",
    "EVENT_LOOP",
];

/// How long after its end an execution is tried again; `None` when it is not. `chance` is any number,
/// the source of the jitter.
pub fn wait(execution: &Execution, chance: u32) -> Option<Duration> {
    let failure = execution.failure.as_ref()?;
    let again = is_retried(execution)
        && execution.attempt < execution.terms.max_attempts
        && is_transient(failure);
    again.then(|| {
        let backoff = jittered(backoff(execution.attempt), chance);
        backoff.max(asked(failure)).min(LONGEST)
    })
}

/// When a run of a schedule that failed is tried again, and as which retry, the first one being 1: not more
/// often than `most`, and not when the `next` planned instant has come by then. `None` when it is not.
pub fn of_schedule(
    execution: &Execution,
    most: u32,
    now: Timestamp,
    next: Option<Timestamp>,
) -> Option<(Timestamp, u32)> {
    let failure = execution.failure.as_ref()?;
    if !may_follow_schedule(execution) || !is_transient(failure) {
        return None;
    }
    let retry = retry_of(execution).saturating_add(1);
    let wait = schedule::RETRY_AFTER.max(asked(failure)).min(LONGEST);
    let at = now.checked_add(wait).ok()?;
    (retry <= most && next.is_none_or(|next| at < next)).then_some((at, retry))
}

/// Whether an execution is a run of a schedule that may be tried again: nobody tries or repeats it by hand.
pub fn may_follow_schedule(execution: &Execution) -> bool {
    execution.trigger == TriggerKind::Cron
        && execution.status != ExecutionStatus::Cancelled
        && !execution.test
        && !execution.dry_run
        && execution.replay_of.is_none()
}

/// Which retry of a schedule's run it is; 0 for the run itself.
fn retry_of(execution: &Execution) -> u32 {
    let data = execution.trigger_data.as_ref().map(Json::to_value);
    let retry = data.unwrap_or_default()[RETRY].as_u64();
    retry.map_or(0, |retry| u32::try_from(retry).unwrap_or(u32::MAX))
}

/// The trigger data of that retry.
pub fn data_of_retry(execution: &Execution, retry: u32) -> Json {
    let data = execution.trigger_data.as_ref().map(Json::to_value);
    let mut data = data.unwrap_or_default();
    data[RETRY] = retry.into();
    data.into()
}

/// The member of a schedule's trigger data.
const RETRY: &str = "retry";

/// Whether it will be tried again by itself.
pub fn follows(execution: &Execution) -> bool {
    wait(execution, 0).is_some()
}

/// Whether it is of a kind that is retried: it delivers an event, for the first time, and nobody
/// repeats it by hand.
fn is_retried(execution: &Execution) -> bool {
    execution.trigger == TriggerKind::Event
        && !execution.test
        && execution.replay_of.is_none()
        && Delivery::of(execution).is_some_and(|delivery| delivery.dead_letter.is_none())
}

/// Whether the same input may do better the next time.
pub fn is_transient(failure: &Failure) -> bool {
    let code = failure.code.as_str();
    match code {
        "script.threw" => {
            let thrown = failure.details.as_ref().map(Json::to_value);
            let thrown = thrown.unwrap_or_default();
            let permanent = thrown["code"]
                .as_str()
                .is_some_and(|code| PERMANENT.contains(&code));
            !permanent && thrown["details"]["retryable"] != Value::Bool(false)
        }
        "script.never_settled" | "platform.engine" => true,
        _ => code.starts_with("limit."),
    }
}

/// 2, 4, 8 seconds after the first, second and third attempt.
fn backoff(attempt: u32) -> Duration {
    doubled(BASE, attempt)
}

/// `base` after the first attempt and twice as long after each further one, an hour at most, a fifth more or
/// less.
pub(crate) fn spread(base: Duration, attempt: u32, chance: u32) -> Duration {
    jittered(doubled(base, attempt), chance)
}

fn doubled(base: Duration, attempt: u32) -> Duration {
    let times = 1_u32.checked_shl(attempt.saturating_sub(1));
    base.saturating_mul(times.unwrap_or(u32::MAX)).min(LONGEST)
}

/// A fifth more or less, so that what failed together does not come back together.
fn jittered(wait: Duration, chance: u32) -> Duration {
    let part = f64::from(chance) / f64::from(u32::MAX);
    wait.mul_f64(0.8 + 0.4 * part)
}

/// What a thrown error asks for: `details.retryAfterMs`, or `details.retryAfter` in seconds.
fn asked(failure: &Failure) -> Duration {
    let thrown = failure.details.as_ref().map(Json::to_value);
    let details = &thrown.unwrap_or_default()["details"];
    let millis = details["retryAfterMs"].as_f64();
    let seconds = || details["retryAfter"].as_f64();
    let asked = millis.map(|ms| ms / 1_000.0).or_else(seconds);
    Duration::try_from_secs_f64(asked.unwrap_or(0.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::execution::{ExecutionStatus, NewExecution, Terms};
    use crate::{DeadLetterId, EventId, ExecutionId, ScriptId, TenantId, Timestamp, Uuid};

    const MIDDLE: u32 = u32::MAX / 2;

    fn failed(code: &str, details: Value) -> Execution {
        let delivery = Delivery {
            event: EventId(Uuid::nil()),
            kind: "order.created".into(),
            published_at: Timestamp::UNIX_EPOCH,
            script: None,
            execution: None,
            lineage: Vec::new(),
            key: None,
            order: None,
            dead_letter: None,
        };
        let new = NewExecution {
            id: ExecutionId(Uuid::nil()),
            tenant: TenantId(Uuid::nil()),
            script: ScriptId(Uuid::nil()),
            script_name: "s".into(),
            version: 1,
            trigger: TriggerKind::Event,
            input: Json::null(),
            at: Timestamp::UNIX_EPOCH,
        };
        Execution {
            status: ExecutionStatus::Failed,
            trigger_data: Some(delivery.to_json()),
            failure: Some(Failure {
                details: Some(details.into()),
                ..Failure::new(code, "")
            }),
            terms: Terms {
                max_attempts: 4,
                ..Terms::default()
            },
            ..Execution::pending(new)
        }
    }

    fn millis(execution: &Execution) -> Option<u128> {
        wait(execution, MIDDLE).map(|wait| wait.as_millis().next_multiple_of(100))
    }

    #[test]
    fn waits_double_and_end_with_the_attempts() {
        let mut execution = failed("limit.wall", json!({}));
        for (attempt, expected) in [
            (1, Some(2_000)),
            (2, Some(4_000)),
            (3, Some(8_000)),
            (4, None),
        ] {
            execution.attempt = attempt;
            assert_eq!(millis(&execution), expected, "attempt {attempt}");
        }
        execution.terms.max_attempts = u32::MAX;
        for attempt in [20, 33, 1_000] {
            execution.attempt = attempt;
            let wait = wait(&execution, u32::MAX);
            assert_eq!(wait, Some(LONGEST), "attempt {attempt}");
        }
    }

    #[test]
    fn jitter_is_a_fifth_at_most() {
        let execution = failed("limit.wall", json!({}));
        let waits = [0, u32::MAX].map(|chance| wait(&execution, chance).unwrap().as_millis());
        assert_eq!(waits, [1_600, 2_400]);
    }

    #[test]
    fn what_the_same_input_meets_again_is_not_tried_again() {
        let nothing = json!({});
        for (code, details, expected) in [
            ("script.threw", nothing.clone(), true),
            ("script.threw", json!({"code": "SERVICE_ERROR"}), true),
            ("script.threw", json!({"code": "NOT_FOUND"}), true),
            ("script.threw", json!({"code": "VALIDATION_ERROR"}), false),
            ("script.threw", json!({"code": "PERMISSION_DENIED"}), false),
            ("script.threw", json!({"code": "EVENT_LOOP"}), false),
            (
                "script.threw",
                json!({"details": {"retryable": false}}),
                false,
            ),
            ("script.never_settled", nothing.clone(), true),
            ("limit.memory", nothing.clone(), true),
            ("limit.api_calls", nothing.clone(), true),
            ("platform.engine", nothing.clone(), true),
            ("platform.lost", nothing.clone(), false),
            ("platform.expired", nothing.clone(), false),
            ("platform.principal", nothing.clone(), false),
            ("platform.not_active", nothing.clone(), false),
            ("script.syntax", nothing.clone(), false),
            ("script.bad_input", nothing.clone(), false),
            ("script.bad_result", nothing.clone(), false),
            ("cancelled", nothing.clone(), false),
        ] {
            let execution = failed(code, details.clone());
            assert_eq!(millis(&execution).is_some(), expected, "{code} {details}");
        }
    }

    #[test]
    fn a_failure_may_ask_for_more_time_and_not_for_less() {
        for (details, expected) in [
            (json!({"retryAfterMs": 30_000}), 30_000),
            (json!({"retryAfter": 60}), 60_000),
            (json!({"retryAfterMs": 5}), 2_000),
            (json!({"retryAfterMs": -5}), 2_000),
            (json!({"retryAfterMs": "soon"}), 2_000),
            (json!({"retryAfter": 1e300}), 2_000),
            (json!({"retryAfter": 86_400}), LONGEST.as_millis()),
        ] {
            let execution = failed("script.threw", json!({"details": details}));
            assert_eq!(millis(&execution), Some(expected), "{details}");
        }
    }

    #[test]
    fn only_what_delivers_an_event_is_retried() {
        let check = |change: fn(&mut Execution), expected: bool| {
            let mut execution = failed("limit.wall", json!({}));
            change(&mut execution);
            assert_eq!(millis(&execution).is_some(), expected, "{execution:?}");
        };
        check(|_| {}, true);
        for change in [
            |e: &mut Execution| e.trigger = TriggerKind::Http,
            |e: &mut Execution| e.trigger = TriggerKind::Cron,
            |e: &mut Execution| e.trigger = TriggerKind::Manual,
            |e: &mut Execution| e.trigger_data = None,
            |e: &mut Execution| e.test = true,
            |e: &mut Execution| e.replay_of = Some(e.id),
            |e: &mut Execution| e.failure = None,
            |e: &mut Execution| {
                let mut delivery = Delivery::of(e).unwrap();
                delivery.dead_letter = Some(DeadLetterId(Uuid::nil()));
                e.trigger_data = Some(delivery.to_json());
            },
        ] {
            check(change, false);
        }
    }
}
