//! What an operator's machines ask: liveness, readiness, metrics. Nothing here tells a stranger
//! anything about tenants.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use scriptorium::model::permission::Permission;
use scriptorium::{Platform, ReplicaStatus, Statistics};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::api::Refused;
use crate::auth;
use crate::client::Client;
use crate::problem::Problem;
use crate::refusal::BEARER;
use crate::state::App;

/// Upper bounds of the latency histogram in seconds.
const BUCKETS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Whether the server can be used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, `stopping`, or `no_database` when that takes no writes at present.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The platform is started, not shutting down, and its database takes writes.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let status = if app.closing.is_cancelled() || !app.platform.status().accepting {
        "stopping"
    } else if !app.database.is_well(&app.platform).await {
        "no_database"
    } else {
        return Json(Health { status: "ok" }).into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status })).into_response()
}

/// Whether the database took a write of late. Anybody may ask, so asking costs one write a second at most.
#[derive(Debug, Default)]
pub(crate) struct DatabaseHealth(Mutex<Option<(Instant, bool)>>);

impl DatabaseHealth {
    /// How long a write may take (R-OBS-21).
    const PATIENCE: Duration = Duration::from_secs(2);
    /// How long an answer stands.
    const FRESH: Duration = Duration::from_secs(1);

    async fn is_well(&self, platform: &Platform) -> bool {
        // Who comes meanwhile waits for the same answer.
        let mut last = self.0.lock().await;
        if let Some((at, well)) = *last
            && at.elapsed() < Self::FRESH
        {
            return well;
        }
        let well = match timeout(Self::PATIENCE, platform.check_database()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready: the database takes no writes");
                false
            }
            Err(_) => {
                tracing::warn!("not ready: the database is too slow");
                false
            }
        };
        *last = Some((Instant::now(), well));
        well
    }
}

/// Counters in Prometheus' text format, for this machine itself or a token that may manage
/// tenants: the figures are of all of them.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain"), Refused))]
pub(crate) async fn metrics(
    State(app): State<App>,
    client: Option<Extension<Client>>,
    request: Request,
) -> Result<Response, Problem> {
    if !client.is_some_and(|Extension(client)| client.is_local) {
        let bearer = auth::bearer(request.headers()).map(auth::Credential::Bearer);
        let refused = || Problem::unauthenticated(BEARER);
        let caller = bearer.ok_or_else(refused)?.caller(&app.platform).await?;
        let ctx = caller.ok_or_else(refused)?.ctx;
        if !ctx.may(Permission::TenantsManage) {
            return Err(crate::refusal::forbidden(
                Permission::TenantsManage.as_str(),
            ));
        }
    }
    let handle = app.metrics.as_ref().ok_or_else(Problem::not_found)?;
    let status = app.platform.status();
    tell_runtime(&status.runtime);
    metrics::counter!("scriptorium_statements_total").absolute(status.statements);
    if let Some(replica) = status.replica {
        tell_replica(replica);
    }
    let backlog = app.platform.backlog().await?;
    metrics::gauge!("scriptorium_events_waiting").set(backlog.events as f64);
    metrics::gauge!("scriptorium_executions_pending").set(backlog.executions as f64);
    handle.run_upkeep();
    let text = handle.render();
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response())
}

/// How the replica is. While nobody knows how far it is behind, there is no number that would say so.
fn tell_replica(read: ReplicaStatus) {
    metrics::gauge!("scriptorium_replica_well").set(f64::from(u8::from(read.well)));
    let behind = read.behind.map_or(f64::NAN, |behind| behind.as_secs_f64());
    metrics::gauge!("scriptorium_replica_behind_seconds").set(behind);
    for (database, value) in [("replica", read.at_replica), ("primary", read.at_primary)] {
        metrics::counter!("scriptorium_replica_statements_total", "database" => database)
            .absolute(value);
    }
}

/// What the runtime has counted, as of now. Tenants are names here, but only so many of them.
fn tell_runtime(read: &Statistics) {
    let (admission, scheduler) = (&read.admission, &read.scheduler);
    for (name, value) in [
        ("scriptorium_executions_in_process", read.executions),
        ("scriptorium_executions_running", read.running),
        ("scriptorium_execution_slots", read.slots),
        ("scriptorium_admission_waiting", admission.waiting),
        ("scriptorium_circuits_open", read.circuits.open),
        (
            "scriptorium_service_circuits_open",
            read.service_circuits.open,
        ),
        ("scriptorium_guest_threads", scheduler.threads),
        ("scriptorium_guest_threads_idle", scheduler.idle),
        ("scriptorium_runs_ready", scheduler.ready),
        ("scriptorium_runs_waiting", scheduler.waiting),
    ] {
        metrics::gauge!(name).set(value as f64);
    }
    for (name, value) in [
        ("scriptorium_admissions_total", admission.admitted),
        ("scriptorium_admission_waits_total", admission.waited),
        (
            "scriptorium_admission_wait_milliseconds_total",
            millis(admission.wait),
        ),
        ("scriptorium_circuits_opened_total", read.circuits.opened),
        (
            "scriptorium_service_circuits_opened_total",
            read.service_circuits.opened,
        ),
        (
            "scriptorium_service_calls_refused_total",
            read.service_circuits.refused,
        ),
        ("scriptorium_guest_slices_total", scheduler.slices),
        (
            "scriptorium_guest_interruptions_total",
            scheduler.interruptions,
        ),
        ("scriptorium_run_panics_total", scheduler.panics),
    ] {
        metrics::counter!(name).absolute(value);
    }
    for (bound, value) in [
        ("script", admission.refused_by_script),
        ("tenant", admission.refused_by_tenant),
        ("process", admission.refused_by_process),
        ("circuit", read.circuits.refused),
    ] {
        metrics::counter!("scriptorium_refusals_total", "bound" => bound).absolute(value);
    }
    tell_pool(read);
    for tenant in &read.tenants {
        // No slug has an underscore.
        let slug = tenant.tenant.as_deref().unwrap_or("_others").to_owned();
        let cpu = millis(tenant.cpu);
        metrics::counter!("scriptorium_tenant_cpu_milliseconds_total", "tenant" => slug)
            .absolute(cpu);
    }
}

/// Where executions found a sandbox, and which programs were kept ready.
fn tell_pool(read: &Statistics) {
    let (engine, programs) = (&read.engine, &read.programs);
    for (lane, read) in [("hot", &engine.hot), ("overflow", &engine.overflow)] {
        for (name, value) in [
            ("scriptorium_pool_lanes", read.lanes),
            ("scriptorium_pool_slots", read.slots),
            ("scriptorium_pool_slots_in_use", read.in_use),
        ] {
            metrics::gauge!(name, "lane" => lane).set(value);
        }
        for (name, value) in [
            ("scriptorium_pool_executions_total", read.started),
            ("scriptorium_pool_lanes_added_total", read.added),
            ("scriptorium_pool_lanes_dropped_total", read.dropped),
        ] {
            metrics::counter!(name, "lane" => lane).absolute(value);
        }
    }
    for (name, value) in [
        ("scriptorium_pool_hits_total", engine.at_once),
        ("scriptorium_pool_waits_total", engine.waited),
        (
            "scriptorium_pool_wait_milliseconds_total",
            millis(engine.wait),
        ),
        ("scriptorium_pool_failures_total", engine.failed_lanes),
        ("scriptorium_program_hits_total", programs.hits),
        ("scriptorium_program_misses_total", programs.misses),
    ] {
        metrics::counter!(name).absolute(value);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The recorder of this process's metrics, installed on first use. `None` when the host has
/// installed one of its own, which then has what is counted as it happens; what the runtime is
/// asked for when metrics are read, it asks for itself (`Platform::status`).
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let latency = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(latency, &BUCKETS);
        let recorder = builder.ok()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        Some(handle)
    };
    RECORDER.get_or_init(install).clone()
}
