//! The settings of a bundle on their way into a tenant. Keeping less than before removes history within
//! the hour, so they are taken without asking only where there is none.

use scriptorium_model::page::PageRequest;
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, Invalid};
use scriptorium_store::events::EventFilter;
use scriptorium_store::{ImportStep, ScriptFilter};

use super::import::{Plan, denied};
use super::{Action, BundledSettings, Import, ItemKind, OnConflict, State, Transfer};
use crate::error::Result;

/// One setting that differs, or not.
struct Setting {
    name: &'static str,
    differs: Vec<&'static str>,
    step: Result<ImportStep, Invalid>,
    takes: Permission,
}

impl Transfer<'_> {
    pub(super) async fn plan_settings(
        &self,
        ctx: &Ctx,
        settings: BundledSettings,
        how: Import,
    ) -> Result<Vec<Plan>> {
        let store = self.0.store();
        let mut found = Vec::new();
        if let Some(versions) = settings.versions {
            let present = store.find_version_policy(ctx).await?;
            found.push(Setting {
                name: "versions",
                differs: differing([
                    ("max_count", present.max_count != versions.max_count),
                    (
                        "max_age_days",
                        present.max_age_days != versions.max_age_days,
                    ),
                ]),
                step: versions.validated().map(ImportStep::VersionPolicy),
                takes: Permission::ScriptsPurge,
            });
        }
        if let Some(retention) = settings.retention {
            let present = store.find_retention(ctx).await?;
            found.push(Setting {
                name: "retention",
                differs: differing([
                    (
                        "execution_days",
                        present.execution_days != retention.execution_days,
                    ),
                    ("log_days", present.log_days != retention.log_days),
                    ("event_days", present.event_days != retention.event_days),
                    ("audit_days", present.audit_days != retention.audit_days),
                ]),
                step: retention.validated().map(ImportStep::Retention),
                takes: Permission::ScriptsDelete,
            });
        }
        let mut plans = Vec::with_capacity(found.len());
        for setting in found {
            let is_empty = !setting.differs.is_empty() && self.is_empty(ctx).await?;
            plans.push(setting.plan(ctx, how, is_empty));
        }
        Ok(plans)
    }

    /// Whether there is nothing that a setting could take away.
    async fn is_empty(&self, ctx: &Ctx) -> Result<bool> {
        let store = self.0.store();
        let one = PageRequest::new(Some(1), None)?;
        for trash in [false, true] {
            let filter = ScriptFilter {
                trash,
                ..ScriptFilter::default()
            };
            let found = store.list_scripts(ctx, &filter, &one).await?;
            if !found.items.is_empty() {
                return Ok(false);
            }
        }
        let events = store
            .list_events(ctx, &EventFilter::default(), &one)
            .await?;
        Ok(events.items.is_empty())
    }
}

impl Setting {
    fn plan(self, ctx: &Ctx, how: Import, is_empty: bool) -> Plan {
        let mut plan = Plan::new(ItemKind::Setting, self.name.to_owned());
        let step = match self.step {
            Ok(step) => step,
            Err(invalid) => {
                plan.refuse(invalid);
                return plan;
            }
        };
        let Some(first) = self.differs.first().copied() else {
            plan.item.state = State::Same;
            plan.item.action = Action::Skip;
            return plan;
        };
        if !is_empty {
            plan.item.state = State::Conflict;
            plan.item.differs = self.differs.into_iter().map(str::to_owned).collect();
            plan.item.action = match how.on_conflict {
                OnConflict::Replace => Action::Replace,
                // There is one of each; it can have no other name.
                OnConflict::Skip | OnConflict::Rename => Action::Skip,
            };
        }
        if plan.item.action == Action::Skip {
            return plan;
        }
        if ctx.may(self.takes) {
            plan.step = Some(step);
        } else {
            let mut invalid = Invalid::default();
            denied(&mut invalid, first, self.takes);
            plan.refuse(invalid);
        }
        plan
    }
}

fn differing<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    let differing = fields.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| name).collect()
}
