//! A tenant's scripts, templates and settings, read out whole.

use std::collections::HashMap;

use async_recursion::async_recursion as boxed;
use scriptorium_model::page::PageRequest;
use scriptorium_model::permission::Permission;
use scriptorium_model::policy::{self, Action};
use scriptorium_model::script::Script;
use scriptorium_model::user::User;
use scriptorium_model::version::Version;
use scriptorium_model::{Ctx, Invalid, UserId};
use scriptorium_store::{ScriptFilter, ScriptSort, SortField};

use super::{
    BUNDLE_BYTES, Bundle, BundledScript, BundledSettings, BundledVersion, Export, Transfer,
};
use crate::error::Result;

impl Transfer<'_> {
    /// Reads scripts with their versions, and for a whole tenant its templates and settings, of which the
    /// audit trail then tells. Names and addresses
    /// of people are in it for who may see them (`users.manage`).
    ///
    /// # Errors
    /// No such script, more than [`BUNDLE_BYTES`], or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn export(&self, ctx: &Ctx, what: Export) -> Result<Bundle> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let mut reading = Reading {
            transfer: self,
            ctx,
            people: self.people(ctx).await?,
            history: what.history,
            bytes: 0,
        };
        let mut bundle = Bundle::default();
        match what.scripts {
            Some(ids) => {
                for id in ids {
                    let script = self.0.scripts().allowed(ctx, Action::Read, id).await?;
                    bundle.scripts.push(reading.script(script).await?);
                }
            }
            None => {
                bundle.scripts = reading.scripts().await?;
                for template in self.0.store().list_templates(ctx).await? {
                    reading.count(template.body.len())?;
                    bundle.templates.push(template.into());
                }
                bundle.settings = BundledSettings {
                    versions: Some(self.0.store().find_version_policy(ctx).await?),
                    retention: Some(self.0.store().find_retention(ctx).await?),
                };
                let (scripts, templates) = (bundle.scripts.len(), bundle.templates.len());
                let store = self.0.store();
                store.tell_of_export(ctx, scripts, templates).await?;
            }
        }
        Ok(bundle)
    }

    async fn people(&self, ctx: &Ctx) -> Result<HashMap<UserId, User>> {
        if !ctx.may(Permission::UsersManage) {
            return Ok(HashMap::new());
        }
        let users = self.0.store().list_users(ctx).await?;
        Ok(users.into_iter().map(|user| (user.id, user)).collect())
    }
}

/// An export on its way.
struct Reading<'a> {
    transfer: &'a Transfer<'a>,
    ctx: &'a Ctx,
    people: HashMap<UserId, User>,
    history: bool,
    bytes: usize,
}

impl Reading<'_> {
    async fn scripts(&mut self) -> Result<Vec<BundledScript>> {
        let filter = ScriptFilter {
            sort: ScriptSort {
                field: SortField::Name,
                descending: false,
            },
            ..ScriptFilter::default()
        };
        let mut found = Vec::new();
        let mut page = PageRequest::new(Some(PageRequest::MAX_LIMIT), None)?;
        loop {
            let store = self.transfer.0.store();
            let part = store.list_scripts(self.ctx, &filter, &page).await?;
            for summary in part.items {
                found.push(self.script(summary.script).await?);
            }
            match part.next_cursor {
                Some(next) => page.cursor = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn script(&mut self, script: Script) -> Result<BundledScript> {
        let store = self.transfer.0.store();
        let authors = store.recorded_authors(self.ctx, script.id).await?;
        let authors: HashMap<u32, String> = authors.into_iter().collect();
        let mut versions = Vec::new();
        let limit = if self.history {
            PageRequest::MAX_LIMIT
        } else {
            1
        };
        let mut page = PageRequest::new(Some(limit), None)?;
        loop {
            let part = store.list_versions(self.ctx, script.id, &page).await?;
            for version in part.items {
                self.count(version.definition.source.len())?;
                versions.push(self.version(version, &authors));
            }
            match part.next_cursor.filter(|_| self.history) {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
        versions.reverse();
        Ok(BundledScript {
            status: script.status,
            versions,
        })
    }

    fn version(&self, version: Version, recorded: &HashMap<u32, String>) -> BundledVersion {
        let mut definition = version.definition;
        let run_as = definition.run_as.take().and_then(|id| self.people.get(&id));
        let author = version.created_by.and_then(|id| self.people.get(&id));
        let recorded = recorded.get(&version.number).cloned();
        BundledVersion {
            number: version.number,
            definition,
            run_as: run_as.map(|user| user.email.clone()),
            change_description: version.change_description,
            author: recorded.or_else(|| author.map(|user| user.name.clone())),
            created_at: version.created_at,
            milestone: version.milestone,
        }
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        if self.bytes <= BUNDLE_BYTES {
            return Ok(());
        }
        let message = format!(
            "more than {BUNDLE_BYTES} bytes of sources: leave out the history, or export scripts one by one"
        );
        let mut invalid = Invalid::default();
        invalid
            .push("script", "too_large", message)
            .with("max", BUNDLE_BYTES);
        Err(invalid.into())
    }
}
