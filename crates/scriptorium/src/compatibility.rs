//! The upgrade report: which scripts behave as the platform once did, what would change for each if it had the
//! present date, and where it names what is on its way out.

use async_recursion::async_recursion as boxed;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::policy;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::{Ctx, Date, compatibility};
use scriptorium_runtime::{Change, DeprecatedUse, Deprecation, deprecated_uses};
use scriptorium_store::{ScriptFilter, ScriptSort, SortField};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// Compatibility dates of a tenant's scripts; from [`Platform::compatibility`].
#[derive(Clone, Copy, Debug)]
pub struct Compatibility<'a>(pub(crate) &'a Platform);

/// A script that somebody should look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Outdated {
    /// The script, with an empty source.
    pub script: Script,
    /// What would begin to hold for it with the present date.
    pub changes: Vec<Change>,
    /// Where it names deprecated functions.
    pub deprecated: Vec<DeprecatedUse>,
}

impl Compatibility<'_> {
    /// The latest date that a script can have now, and a new one gets.
    pub fn latest(&self) -> Date {
        compatibility::latest(self.0.ambient().now())
    }

    /// The changes there are by now, the oldest first.
    pub fn changes(&self) -> Vec<Change> {
        Change::between(compatibility::FIRST, self.latest()).collect()
    }

    /// Functions that scripts should not use any more, by path.
    pub fn deprecations(&self) -> Vec<Deprecation> {
        let deprecations = self.0.runtime().deprecations();
        deprecations.iter().cloned().collect()
    }

    /// The tenant's scripts for which something would change, or that name deprecated functions, by name;
    /// archived ones, which stay as they are, are left out. So many scripts as the page asks for are looked
    /// at, and a page may have fewer; there are more while it has a cursor.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn report(&self, ctx: &Ctx, page: &PageRequest) -> Result<Page<Outdated>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let deprecations = self.0.runtime().deprecations();
        let newest = self.changes().into_iter().map(Change::since).max();
        let filter = ScriptFilter {
            // Without deprecated functions the rest has nothing to tell.
            older_than: match deprecations.is_empty() {
                true => Some(newest.unwrap_or(compatibility::FIRST)),
                false => None,
            },
            sort: ScriptSort {
                field: SortField::Name,
                descending: false,
            },
            ..ScriptFilter::default()
        };
        let found = self.0.store().list_scripts(ctx, &filter, page).await?;
        let mut items = Vec::new();
        for summary in found.items {
            let script = summary.script;
            if script.status != ScriptStatus::Archived {
                items.extend(self.outdated(ctx, script).await?);
            }
        }
        Ok(Page {
            items,
            next_cursor: found.next_cursor,
        })
    }

    /// What there is to tell of one script.
    async fn outdated(&self, ctx: &Ctx, script: Script) -> Result<Option<Outdated>> {
        let date = script.compatibility_date();
        let changes: Vec<Change> = Change::between(date, self.latest()).collect();
        let deprecations = self.0.runtime().deprecations().clone();
        let mut deprecated = Vec::new();
        if !deprecations.is_empty() {
            let version = self.0.store().find_version(ctx, script.id, script.version);
            let definition = version.await?.definition;
            let work = move || {
                let (source, language) = (&definition.source, definition.language);
                deprecated_uses(source, language, date, &deprecations)
            };
            // Parsing takes a core for a while, which is too long for an I/O thread.
            let found = tokio::task::spawn_blocking(work).await;
            deprecated = found.map_err(|_| Error::internal("a source could not be looked at"))?;
        }
        let is_outdated = !changes.is_empty() || !deprecated.is_empty();
        Ok(is_outdated.then_some(Outdated {
            script,
            changes,
            deprecated,
        }))
    }
}
