//! What `context` holds (R-CTX): written as JSON when a script first looks at it, since most
//! never do.

use scriptorium_model::Json;
use scriptorium_model::event::Event;
use scriptorium_model::execution::TriggerKind;
use serde_json::{Map, Value, json};

use crate::host::Run;
use crate::job::{Call, Job};
use crate::principal::UserFacts;

/// The context of a run as JSON text. The request, the event and the input are put in as text:
/// they may be large and need not be taken apart.
pub(crate) fn read(run: &Run) -> String {
    let job = &run.job;
    let execution = &job.execution;
    let mut context = json!({
        "tenant": {
            "id": job.tenant.id.to_string(),
            "name": job.tenant.name,
            "slug": job.tenant.slug,
            "domain": null,
        },
        "user": job.principal.user.as_ref().map(|user| user_value(run, user)),
        "script": {
            "id": job.script.to_string(),
            "name": job.definition.name,
            "type": job.definition.trigger.kind().as_str(),
            "version": execution.version,
        },
        "execution": {
            "id": execution.id.to_string(),
            "trigger": execution.trigger.as_str(),
            "triggeredBy": execution.trigger.as_str(),
            "attempt": execution.attempt,
            "test": execution.test,
            "dryRun": execution.dry_run,
            "createdAt": execution.created_at.to_string(),
        },
        "tenantId": job.tenant.id.to_string(),
        "userId": job.principal.user.as_ref().map(|user| user.id.to_string()),
        "organizationId": null,
        "scriptId": job.script.to_string(),
        "executionId": execution.id.to_string(),
        "requestId": job.origin.as_ref().and_then(|from| from.request_id.as_deref()),
        "locale": job.locale,
        "timezone": run.zone.iana_name().unwrap_or("UTC"),
        "trigger": trigger(job),
        "deadlineAt": run.deadline().as_millisecond(),
    })
    .to_string();
    let (input, event, request) = payloads(job);
    context.pop();
    for (name, text) in [("input", input), ("event", event), ("request", request)] {
        context.push_str(",\"");
        context.push_str(name);
        context.push_str("\":");
        context.push_str(&text);
    }
    context.push('}');
    context
}

/// What the prelude's `enter` is given: how to call the entry function, and its argument.
pub(crate) fn invocation(job: &Job) -> String {
    let (call, attempt) = (&job.call, job.execution.attempt);
    let endpoint = job.definition.trigger.endpoint();
    let in_chain = endpoint.is_some_and(|endpoint| !endpoint.around().is_empty());
    let (kind, value) = match call {
        Call::Main(input) | Call::Embedded(input) => ("value", input.as_str().to_owned()),
        Call::Request(request) if in_chain => ("chain", request.to_guest()),
        Call::Request(request) => ("request", request.to_guest()),
        Call::Event(published) => ("event", event(published, attempt)),
        Call::Batch(published) => ("event", batch(published, attempt)),
    };
    format!("{{\"kind\":\"{kind}\",\"value\":{value}}}")
}

fn user_value(run: &Run, user: &UserFacts) -> Value {
    let (first, last) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    json!({
        "id": user.id.to_string(),
        "email": user.email,
        "name": user.name,
        "firstName": first,
        "lastName": last,
        "locale": user.locale,
        "permissions": run.job.principal.permissions.expanded(&run.world.permissions),
    })
}

/// What started the run; members that do not apply are null (R-CTX-05). The prelude puts the
/// request and the event's payload in, which are in the context already.
fn trigger(job: &Job) -> Value {
    let kind = job.execution.trigger;
    let data = job
        .execution
        .trigger_data
        .as_ref()
        .map_or(Value::Null, Json::to_value);
    let schedule = job.definition.trigger.schedule();
    let cron = schedule.filter(|_| kind == TriggerKind::Cron);
    let mut trigger = Map::new();
    trigger.insert("type".into(), kind.as_str().into());
    trigger.insert(
        "cronExpression".into(),
        cron.map(|schedule| schedule.cron.as_str()).into(),
    );
    trigger.insert(
        "plannedAt".into(),
        data.get("planned_at").cloned().unwrap_or(Value::Null),
    );
    trigger.insert(
        "eventType".into(),
        match &job.call {
            Call::Event(event) => event.kind.as_str().into(),
            Call::Batch(events) => events
                .first()
                .map_or(Value::Null, |first| first.kind.as_str().into()),
            _ => Value::Null,
        },
    );
    trigger.into()
}

/// Input, event and request as JSON text.
fn payloads(job: &Job) -> (String, String, String) {
    let null = || "null".to_owned();
    match &job.call {
        Call::Main(input) | Call::Embedded(input) => (input.as_str().to_owned(), null(), null()),
        Call::Event(published) => (
            published.payload.as_str().to_owned(),
            event(published, job.execution.attempt),
            null(),
        ),
        Call::Batch(published) => (
            job.execution.input.as_str().to_owned(),
            batch(published, job.execution.attempt),
            null(),
        ),
        Call::Request(request) => (request.body_json(), null(), request.to_guest()),
    }
}

/// Events that are given together; the prelude makes the first of them the one that has the others.
fn batch(events: &[Event], attempt: u32) -> String {
    let all: Vec<String> = events.iter().map(|one| event(one, attempt)).collect();
    format!("[{}]", all.join(","))
}

fn event(event: &Event, attempt: u32) -> String {
    let mut text = json!({
        "id": event.id.to_string(),
        "type": event.kind,
        "attempt": attempt,
        "timestamp": event.created_at.to_string(),
        "source": {
            "script": event.script.map(|id| id.to_string()),
            "execution": event.execution.map(|id| id.to_string()),
        },
    })
    .to_string();
    text.pop();
    text.push_str(",\"data\":");
    text.push_str(event.payload.as_str());
    text.push('}');
    text
}
