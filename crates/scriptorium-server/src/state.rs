//! What every handler can reach. Not a place for rules.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use moka::sync::Cache;
use scriptorium::Platform;
use scriptorium::model::TenantId;
use scriptorium::model::tenant::validate_slug;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::layers::{CrossOrigin, cross_origin};
use crate::login_limit::LoginLimit;
use crate::operations::DatabaseHealth;
use crate::problem::Problem;

/// Large bodies of endpoint requests held in memory at once.
const LARGE_BODIES: usize = 64;

/// Bundles imported at once.
const BUNDLES: usize = 2;

/// The state of the server; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) platform: Platform,
    pub(crate) config: Arc<Config>,
    pub(crate) logins: Arc<LoginLimit>,
    /// Cancelled when shutdown begins, so that streams end by themselves.
    pub(crate) closing: CancellationToken,
    pub(crate) large_bodies: Arc<Semaphore>,
    pub(crate) bundles: Arc<Semaphore>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) database: Arc<DatabaseHealth>,
    pub(crate) cross_origin: CrossOrigin,
    tenants: Cache<String, TenantId>,
}

impl App {
    pub(crate) fn new(
        platform: Platform,
        config: Arc<Config>,
        closing: CancellationToken,
        metrics: Option<PrometheusHandle>,
    ) -> Self {
        Self {
            platform,
            cross_origin: cross_origin(&config),
            config,
            logins: Arc::new(LoginLimit::new()),
            closing,
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            bundles: Arc::new(Semaphore::new(BUNDLES)),
            metrics,
            database: Arc::default(),
            tenants: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(60))
                .build(),
        }
    }

    /// The tenant of a slug. Endpoints ask this on every request, so it is remembered for a while. When
    /// a tenant is deleted and another takes its slug, the other servers lead to nothing until then: an
    /// id never comes to mean another tenant.
    pub(crate) async fn tenant_id(&self, slug: &str) -> Result<TenantId, Problem> {
        validate_slug(slug).map_err(|_| Problem::not_found())?;
        if let Some(id) = self.tenants.get(slug) {
            return Ok(id);
        }
        let found = self.platform.find_tenant(slug).await?;
        let tenant = found.ok_or_else(Problem::not_found)?;
        self.tenants.insert(slug.to_owned(), tenant.id);
        Ok(tenant.id)
    }

    /// The tenant of this slug is gone.
    pub(crate) fn forget_tenant(&self, slug: &str) {
        self.tenants.invalidate(slug);
    }
}
