//! `events`: what scripts tell the rest of the tenant's world. Published events are recorded
//! with the execution, in the same commit.

use std::sync::Arc;

use scriptorium_engine::{CallClass, HostError, Reply};
use scriptorium_model::delivery::{lineage_of, looped};
use scriptorium_model::effect::EffectKind;
use scriptorium_model::event::{Event, RESERVED, validate_type};

use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, Give, How, Reach, invalid};
use crate::host::Run;

/// Largest payload in bytes of JSON (R-LIM-14).
const PAYLOAD_BYTES: usize = 256 << 10;
/// Bytes of payloads one execution may publish: they are held until it ends.
const TOTAL_BYTES: usize = 4 << 20;

const PARAMS: &[Param] = &[
    required("type", "string", Check::Text(255)),
    optional("data", "unknown", Check::Json(PAYLOAD_BYTES)),
    optional("key", "string", Check::Text(200)),
];

const fn publish_as(path: &'static str, doc: &'static str) -> Binding {
    Binding {
        path,
        generics: "",
        params: PARAMS,
        returns: "Promise<true>",
        doc,
        class: CallClass::Io,
        needs: None,
        reach: Reach::Tenant,
        how: How::Async(publish),
        give: Give::Plain,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "events",
    doc: "Events of the tenant.",
    bindings: &[
        publish_as(
            "events.publish",
            "Publishes an event; the type is lower-case words joined by dots, such as order.created. Scripts \
             may ask for events of the same key one after another.",
        ),
        publish_as("events.emit", "The same as events.publish."),
        Binding {
            path: "events.current",
            generics: "",
            params: &[],
            returns: "TriggerEvent | null",
            doc: "The event that started the execution, with all of them as batch when several did; null when \
                  something else did.",
            class: CallClass::Free,
            needs: None,
            reach: Reach::Execution,
            how: How::Guest,
            give: Give::Plain,
        },
    ],
};

fn publish(run: &Arc<Run>, mut args: Args) -> Reply {
    Reply::Ready(record(run, &mut args).map(|()| "true".to_owned()))
}

fn record(run: &Run, args: &mut Args) -> Result<(), HostError> {
    let kind = args.text(0).unwrap_or_default();
    validate_type("type", &kind).map_err(|_| {
        invalid(
            "type",
            "must be lower-case words joined by dots, such as order.created",
        )
    })?;
    if let Some(prefix) = RESERVED.iter().find(|prefix| kind.starts_with(**prefix)) {
        let message = format!("{prefix}* events are published by the platform only");
        return Err(HostError {
            field: Some("type".into()),
            ..HostError::new("UNAUTHORIZED_OPERATION", message)
        });
    }
    let lineage = lineage_of(&run.job.execution);
    if let Some(message) = looped(&lineage) {
        return Err(HostError::new("EVENT_LOOP", message));
    }
    let payload = args.json(1);
    if run.is_dry() {
        return run.intend(EffectKind::Event, &kind, payload.as_str());
    }
    let mut published = run.events();
    let payloads = published.events.iter().map(|event| event.payload.len());
    let held: usize = payloads.sum();
    if held + payload.len() > TOTAL_BYTES {
        return Err(invalid(
            "data",
            format!("must not bring the execution's events beyond {TOTAL_BYTES} bytes"),
        ));
    }
    let event = Event {
        id: run.world.ambient.new_id(),
        tenant: run.ctx.tenant,
        kind,
        payload,
        script: Some(run.script),
        execution: Some(run.execution),
        lineage,
        key: args.text(2).filter(|key| !key.is_empty()),
        created_at: run.now(),
    };
    run.publish(&mut published, event)
}
