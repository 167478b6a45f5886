//! An event on its way to a script: what the execution knows of the event that started it, kept in its
//! trigger data, and the lineage of events and runs that led to it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::event::Event;
use crate::execution::Execution;
use crate::{DeadLetterId, EventId, ExecutionId, Json, ScriptId};

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

    /// What an execution was recorded with; `None` when no event started it.
    pub fn of(execution: &Execution) -> Option<Self> {
        let data = execution.trigger_data.as_ref()?.to_value();
        let event = data.get(MEMBER)?;
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

    /// As the member `event` of other trigger data.
    pub fn put_into(&self, data: Option<Json>) -> Json {
        let mut data = data.map_or(Value::Null, |data| data.to_value());
        data[MEMBER] = self.to_value();
        data.into()
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

    /// The event that a script of this name is given.
    pub fn to_event(&self, execution: &Execution) -> Event {
        Event {
            id: self.event,
            tenant: execution.tenant,
            kind: self.kind.clone(),
            payload: execution.input.clone(),
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
