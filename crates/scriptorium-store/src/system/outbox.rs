//! Relaying what hosts published in the files of their tenants (D6): an event becomes the platform's, durably,
//! and only then leaves the file it came from. Done twice it changes nothing.

use std::time::Duration;

use scriptorium_model::TenantId;
use tokio_util::sync::CancellationToken;

use crate::Store;
use crate::error::{Error, Result};
use crate::tenant_data::{Files, TenantData};

/// How long it rests after something went wrong.
const REST: Duration = Duration::from_secs(1);

impl Store {
    /// Relays what waits in the outboxes of tenants; how many events. Those that could not be are tried
    /// again with the next call.
    ///
    /// # Errors
    /// The first error, after every outbox was tried.
    pub async fn relay_outboxes(&self, data: &TenantData) -> Result<u64> {
        let Some(files) = data.files() else {
            return Ok(0);
        };
        let (mut relayed, mut failed) = (0, None);
        for tenant in files.take_outgoing() {
            match self.relay_outbox(&files, tenant).await {
                Ok(events) => relayed += events,
                Err(Error::NotFound) => {
                    tracing::warn!(%tenant, "events of a tenant that is gone were not relayed");
                }
                Err(error) => {
                    files.remember(tenant);
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(relayed), Err)
    }

    async fn relay_outbox(&self, files: &std::sync::Arc<Files>, tenant: TenantId) -> Result<u64> {
        self.settle_entries(tenant).await?;
        let mut relayed = 0;
        loop {
            let store = self.clone();
            let settled = move || store.inner.gates.is_settled(tenant);
            let (events, last) = files.outbox(tenant, settled).await?;
            let Some(last) = last else {
                return Ok(relayed);
            };
            let count = events.len() as u64;
            self.inner.writer.insert_events(events).await?;
            files.relayed(tenant, last).await?;
            relayed += count;
        }
    }

    /// Relays until `stop`, whenever a transaction has published something.
    pub async fn keep_relayed(self, data: TenantData, stop: CancellationToken) {
        let Some(files) = data.files() else {
            return;
        };
        while !stop.is_cancelled() {
            tokio::select! {
                () = files.outgoing() => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.relay_outboxes(&data).await {
                tracing::error!(%error, cause = ?error, "events of a host were not relayed; trying again");
                tokio::select! {
                    () = tokio::time::sleep(REST) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    }
}
