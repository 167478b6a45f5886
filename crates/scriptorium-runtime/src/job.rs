//! What goes into a run and what comes out of it.

use std::sync::Arc;
use std::time::Duration;

use scriptorium_model::audit::Incident;
use scriptorium_model::delivery::{Delivery, payloads};
use scriptorium_model::event::{Event, sample};
use scriptorium_model::execution::{Execution, Failure, LogLine, TriggerKind};
use scriptorium_model::notification::Notification;
use scriptorium_model::script::Definition;
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{EventId, Invalid, Json, Origin, ScriptId, TenantId};
use scriptorium_store::tenant_data::TenantData;

use crate::compatibility::Change;
use crate::libraries::Bundle;
use crate::principal::Principal;
use crate::remote::TenantServices;
use crate::reply::HttpReply;
use crate::request::HttpRequest;
use crate::scheduler::Refusal;
use crate::streaming::StreamSink;

/// One execution to be: everything it needs is here, so that the run itself reads nothing but
/// what the script asks for.
#[derive(Clone, Debug)]
pub struct Job {
    /// The tenant it runs in.
    pub tenant: Tenant,
    /// The script.
    pub script: ScriptId,
    /// What the version to run says.
    pub definition: Arc<Definition>,
    /// The libraries it brings along, or why there are none.
    pub libraries: Result<Bundle, Failure>,
    /// The record, pending or being made; its id, trigger and attempt are shown to the script.
    pub execution: Execution,
    /// Whose rights it has.
    pub principal: Principal,
    /// What it is given.
    pub call: Call,
    /// Where an answer in parts goes; what there is of it is counted and dropped when `None`.
    pub stream: Option<StreamSink>,
    /// A shorter wall time than the definition's, when the caller wants one.
    pub timeout: Option<Duration>,
    /// Language of its user or tenant: `en`, `ru`, `uz`.
    pub locale: String,
    /// IANA zone in which it sees dates; `UTC` for names that are not known.
    pub timezone: String,
    /// Where the request came from that it answers, if it does.
    pub origin: Option<Origin>,
    /// An operator has started it by hand: it does not wait behind what tenants run.
    pub by_operator: bool,
    /// The business tables inside of its caller's transaction, when it runs in one.
    pub transaction: Option<TenantData>,
    /// The tenant's own services, besides those of the host application.
    pub services: TenantServices,
}

impl Job {
    /// Whether a change of the platform holds for the script, by its compatibility date. Libraries that it
    /// imports go by that date, too, whatever their own is.
    pub fn follows(&self, change: Change) -> bool {
        change.holds_for(self.definition.compatibility_date())
    }

    /// Whether somebody tries it by hand, and is to see what it does.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.execution.test
            || self.execution.dry_run
            || self.execution.trigger == TriggerKind::Manual
    }

    /// Whether whoever asked an endpoint is given what is on record: because others may ask again, or it may
    /// have waited for its seat.
    pub(crate) fn is_answered_by_its_record(&self) -> bool {
        let execution = &self.execution;
        execution.trigger == TriggerKind::Http
            && execution.replay_of.is_none()
            && (execution.idempotency_key.is_some() || execution.seat.is_some())
    }

    /// Whose circuit it belongs to.
    pub(crate) fn circuit(&self) -> (TenantId, ScriptId) {
        (self.tenant.id, self.script)
    }
}

/// What a script is given as its first argument.
#[derive(Clone, Debug)]
pub enum Call {
    /// The input of a scheduled or one-off script.
    Main(Json),
    /// A request to an endpoint script.
    Request(Arc<HttpRequest>),
    /// An event.
    Event(Box<Event>),
    /// Events that are given together, at least one.
    Batch(Vec<Event>),
    /// The argument of an embedded script.
    Embedded(Json),
}

impl Call {
    /// Bytes of what the script is given.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Main(input) | Self::Embedded(input) => input.len(),
            Self::Request(request) => request.len(),
            Self::Event(event) => event.payload.len(),
            Self::Batch(events) => events.iter().map(|event| event.payload.len()).sum(),
        }
    }

    /// The call that an execution's recorded input stands for: what a worker, a manual run and a
    /// replay give the script. The input of an endpoint script is a request as history shows it;
    /// what is left out of it is empty. The input of an event script is the event's payload, or a list of
    /// the payloads of events that are given together; when no event started it, it is given one that its
    /// subscription asks for, with the execution's id.
    ///
    /// # Errors
    /// The part of a request that is not of its type.
    pub fn of_execution(definition: &Definition, execution: &Execution) -> Result<Self, Invalid> {
        Ok(match &definition.trigger {
            Trigger::Scheduled(_) | Trigger::OneOff => Self::Main(execution.input.clone()),
            Trigger::Embedded => Self::Embedded(execution.input.clone()),
            Trigger::Http(endpoint) => {
                let request = HttpRequest::from_record(endpoint, &execution.input)?;
                Self::Request(Arc::new(request))
            }
            Trigger::Event(subscription) => of_events(subscription, execution),
        })
    }
}

fn of_events(subscription: &Subscription, execution: &Execution) -> Call {
    if let Some(all) = Delivery::all_of(execution) {
        let tenant = execution.tenant;
        let events = all.into_iter();
        return Call::Batch(events.map(|(d, p)| d.to_event(tenant, p)).collect());
    }
    let delivery = Delivery::of(execution);
    let event = |payload: Json| match &delivery {
        Some(delivery) => delivery.to_event(execution.tenant, payload),
        None => Event {
            id: EventId(execution.id.0),
            tenant: execution.tenant,
            kind: subscription
                .types
                .first()
                .map_or_else(String::new, |p| sample(p)),
            payload,
            script: None,
            execution: None,
            lineage: Vec::new(),
            key: None,
            created_at: execution.created_at,
        },
    };
    match subscription.batch {
        None => Call::Event(Box::new(event(execution.input.clone()))),
        Some(_) => {
            let payloads = payloads(&execution.input).into_iter();
            Call::Batch(payloads.map(event).collect())
        }
    }
}

/// How an execution ended, with everything there is to record.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The record in its final state: output, failure, metrics, instants.
    pub execution: Execution,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// The answer of an endpoint script that completed.
    pub reply: Option<HttpReply>,
    /// The events it published, to be recorded with the execution.
    pub events: Vec<Event>,
    /// Messages to people that it sent; recorded with its end, and sent after that.
    pub notifications: Vec<Notification>,
    /// What it was kept from, for the audit trail.
    pub incidents: Vec<Incident>,
    /// Why it did not begin, when there was no room for it.
    pub refused: Option<Refusal>,
}
