//! An event on its way to a script: what the execution knows of the event that started it, kept in its
//! trigger data, and the lineage of events and runs that led to it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::event::Event;
use crate::execution::Execution;
use crate::{DeadLetterId, EventId, ExecutionId, Json, ScriptId, TenantId};

/// Most runs that may have led to an event: one that comes of more is taken for a loop.
pub const MAX_DEPTH: usize = 16;

/// The event of one execution; its payload is the execution's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The event's id, stable over retries.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// The script that published it, if one did.
    pub script: Option<ScriptId>,
    /// The execution that published it, if one did.
    pub execution: Option<ExecutionId>,
    /// What led to it; see [`Event::lineage`].
    pub lineage: Vec<String>,
    /// The dead letter that is taken up again, if one is.
    pub dead_letter: Option<DeadLetterId>,
    /// What it is in order by: the script is given the events of one such value one after another.
    pub order: Option<String>,
}

/// The member of the trigger data.
const MEMBER: &str = "event";
/// The one with all events of an execution that has gathered several.
const ALL: &str = "events";

impl Delivery {
    /// Of an event, the first time.
    pub fn first(event: &Event) -> Self {
        Self {
            event: event.id,
            kind: event.kind.clone(),
            key: event.key.clone(),
            published_at: event.created_at,
            script: event.script,
            execution: event.execution,
            lineage: event.lineage.clone(),
            dead_letter: None,
            order: None,
        }
    }

    /// What an execution was recorded with, of several events the first; `None` when no event started it.
    pub fn of(execution: &Execution) -> Option<Self> {
        let data = execution.trigger_data.as_ref()?.to_value();
        Self::read(data.get(MEMBER)?)
    }

    /// Each event of an execution with its payload; `None` when it is of a single one, or of none.
    pub fn all_of(execution: &Execution) -> Option<Vec<(Self, Json)>> {
        let data = execution.trigger_data.as_ref()?.to_value();
        let all = data.get(ALL)?.as_array()?;
        let all: Vec<Self> = all.iter().filter_map(Self::read).collect();
        let first = all.first()?.clone();
        // Somebody may have repeated it with other payloads.
        let mut all = all.into_iter();
        let payloads = payloads(&execution.input).into_iter();
        Some(
            payloads
                .map(|payload| (all.next().unwrap_or_else(|| first.clone()), payload))
                .collect(),
        )
    }

    fn read(event: &Value) -> Option<Self> {
        let text = |name: &str| event[name].as_str();
        let lineage = event["lineage"].as_array().map(Vec::as_slice);
        let lineage = lineage.unwrap_or_default().iter().filter_map(Value::as_str);
        Some(Self {
            event: EventId(text("id")?.parse().ok()?),
            kind: text("type")?.to_owned(),
            key: text("key").map(str::to_owned),
            published_at: text("published_at")?.parse().ok()?,
            script: id(text("script")).map(ScriptId),
            execution: id(text("execution")).map(ExecutionId),
            lineage: lineage.map(str::to_owned).collect(),
            dead_letter: id(text("dead_letter")).map(DeadLetterId),
            order: text("order").map(str::to_owned),
        })
    }

    /// As trigger data.
    pub fn to_json(&self) -> Json {
        json!({ MEMBER: self.to_value() }).into()
    }

    /// As the trigger data of an execution that is given several events, this one first.
    pub fn to_batch(&self) -> Json {
        json!({ MEMBER: self.to_value(), ALL: [self.to_value()] }).into()
    }

    /// Adds this event to those of other trigger data; how many it has now.
    pub fn join(&self, data: &mut Value) -> usize {
        // What the run publishes comes of the longest way.
        let way = |event: &Value| event["lineage"].as_array().map_or(0, Vec::len);
        if way(&data[MEMBER]) < self.lineage.len() {
            data[MEMBER]["lineage"] = self.lineage.clone().into();
        }
        let Some(all) = data[ALL].as_array_mut() else {
            return 0;
        };
        all.push(self.to_value());
        all.len()
    }

    fn to_value(&self) -> Value {
        let mut value = json!({
            "id": self.event.0,
            "type": self.kind,
            "published_at": self.published_at.to_string(),
            "script": self.script.map(|id| id.0),
            "execution": self.execution.map(|id| id.0),
            "lineage": self.lineage,
            "dead_letter": self.dead_letter.map(|id| id.0),
        });
        for (name, text) in [("key", &self.key), ("order", &self.order)] {
            if let Some(text) = text {
                value[name] = text.as_str().into();
            }
        }
        value
    }

    /// The event with this payload, as a script is given it.
    pub fn to_event(&self, tenant: TenantId, payload: Json) -> Event {
        Event {
            id: self.event,
            tenant,
            kind: self.kind.clone(),
            payload,
            key: self.key.clone(),
            script: self.script,
            execution: self.execution,
            lineage: self.lineage.clone(),
            created_at: self.published_at,
        }
    }

    /// What leads to the events that this delivery's run publishes.
    pub fn lineage_of_run(&self, script_name: &str) -> Vec<String> {
        let step = format!("{} → {script_name}", self.kind);
        let mut lineage = self.lineage.clone();
        lineage.push(step);
        lineage
    }
}

/// Puts what is known of the events of an execution into the trigger data of another one.
pub fn handed_on(execution: &Execution, data: Option<Json>) -> Option<Json> {
    let known = execution.trigger_data.as_ref().map(Json::to_value);
    let known = known.as_ref().filter(|known| known.get(MEMBER).is_some());
    let Some(known) = known else { return data };
    let mut data = data.map_or(Value::Null, |data| data.to_value());
    for member in [MEMBER, ALL] {
        if let Some(value) = known.get(member) {
            data[member] = value.clone();
        }
    }
    Some(data.into())
}

/// The payloads of an execution that is given several: the items of its input, which is one itself when it
/// is no list, or an empty one.
pub fn payloads(input: &Json) -> Vec<Json> {
    match input.to_value() {
        Value::Array(items) if !items.is_empty() => items.into_iter().map(Json::from).collect(),
        _ => vec![input.clone()],
    }
}

/// The input of an execution that is given several events, with one more.
pub fn with_payload(input: Option<&Json>, payload: &Json) -> Json {
    let before = input.and_then(|input| input.as_str().strip_suffix(']'));
    Json::from_written(match before {
        Some(before) => format!("{before},{payload}]"),
        None => format!("[{payload}]"),
    })
}

/// What leads to the events that an execution publishes: nothing when no event started it.
pub fn lineage_of(execution: &Execution) -> Vec<String> {
    let delivery = Delivery::of(execution);
    delivery.map_or_else(Vec::new, |d| d.lineage_of_run(&execution.script_name))
}

/// Why an event with this lineage goes no further: the loop it is in. `None` while it may.
pub fn looped(lineage: &[String]) -> Option<String> {
    if lineage.len() <= MAX_DEPTH {
        return None;
    }
    let (last, before) = lineage.split_last()?;
    let begin = before.iter().rposition(|step| step == last);
    let steps = &lineage[begin.map_or(0, |begin| begin + 1)..];
    let what = if begin.is_some() { "loop" } else { "lineage" };
    Some(format!(
        "more than {MAX_DEPTH} runs led to this event; the {what}: {}",
        steps.join(", ")
    ))
}

fn id(text: Option<&str>) -> Option<crate::Uuid> {
    text.and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[&str], expected: Option<&str>) {
        let lineage: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        assert_eq!(looped(&lineage).as_deref(), expected);
    }

    fn delivery(number: u128, steps: &[&str]) -> Delivery {
        Delivery {
            event: EventId(crate::Uuid::from_u128(number)),
            kind: "order.paid".into(),
            key: None,
            published_at: Timestamp::UNIX_EPOCH,
            script: None,
            execution: None,
            lineage: steps.iter().map(|step| (*step).to_owned()).collect(),
            dead_letter: None,
            order: None,
        }
    }

    #[test]
    fn events_of_one_execution_read_back_with_their_payloads() {
        let mut data = delivery(1, &["a"]).to_batch().to_value();
        assert_eq!(delivery(2, &["a", "b"]).join(&mut data), 2);
        assert_eq!(delivery(3, &[]).join(&mut data), 3);
        let execution = |input: Value| Execution {
            trigger_data: Some(data.clone().into()),
            input: input.into(),
            ..Execution::pending(crate::execution::NewExecution {
                id: ExecutionId(crate::Uuid::nil()),
                tenant: TenantId(crate::Uuid::nil()),
                script: ScriptId(crate::Uuid::nil()),
                script_name: "one".into(),
                version: 1,
                trigger: crate::execution::TriggerKind::Event,
                input: Json::null(),
                at: Timestamp::UNIX_EPOCH,
            })
        };
        let check = |input: Value, expected: &[(u128, Value)]| {
            let all = Delivery::all_of(&execution(input)).unwrap();
            let all = all.into_iter();
            let all: Vec<_> = all
                .map(|(d, p)| (d.event.0.as_u128(), p.to_value()))
                .collect();
            assert_eq!(all, expected);
        };
        check(
            json!(["a", "b", "c"]),
            &[(1, json!("a")), (2, json!("b")), (3, json!("c"))],
        );
        // Repeated with other payloads: what has no event of its own is the first one's.
        check(json!(["a"]), &[(1, json!("a"))]);
        check(json!({"n": 1}), &[(1, json!({"n": 1}))]);
        check(
            json!([1, 2, 3, 4]),
            &[(1, json!(1)), (2, json!(2)), (3, json!(3)), (1, json!(4))],
        );
        check(json!([]), &[(1, json!([]))]);
        // As one delivery it is the first, and as deep as the deepest.
        let one = Delivery::of(&execution(json!([1, 2, 3]))).unwrap();
        assert_eq!((one.event.0.as_u128(), one.lineage.len()), (1, 2));
        let on = handed_on(&execution(json!([])), Some(json!({"asked": 1}).into()));
        let on = on.unwrap().to_value();
        assert_eq!(
            (on["asked"].clone(), on["events"].clone()),
            (json!(1), data["events"].clone())
        );
    }

    #[test]
    fn payloads_are_put_together_as_text() {
        let mut input = None;
        for payload in [json!({"a": [1]}), json!(null), json!("]")] {
            input = Some(with_payload(input.as_ref(), &payload.into()));
        }
        let input = input.unwrap();
        assert_eq!(input.as_str(), r#"[{"a":[1]},null,"]"]"#);
        assert_eq!(payloads(&input).len(), 3);
    }

    #[test]
    fn a_loop_is_named_and_nothing_else_of_the_chain() {
        check(&[], None);
        check(&["a.b → one"; MAX_DEPTH], None);
        check(
            &["a.b → one"; MAX_DEPTH + 1],
            Some("more than 16 runs led to this event; the loop: a.b → one"),
        );
        let mut steps = vec!["x.y → first"];
        steps.extend(["a.b → one", "c.d → two"].repeat(8));
        check(
            &steps,
            Some("more than 16 runs led to this event; the loop: a.b → one, c.d → two"),
        );
    }

    #[test]
    fn a_chain_without_a_loop_is_told_whole() {
        let steps: Vec<String> = (0..=MAX_DEPTH).map(|n| format!("a.b → {n}")).collect();
        let told = looped(&steps).unwrap();
        assert!(told.contains("the lineage: a.b → 0, "), "{told}");
        assert!(told.ends_with("a.b → 16"), "{told}");
    }
}
