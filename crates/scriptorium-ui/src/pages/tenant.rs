//! The settings of the tenant: how many versions of a script are kept, for how long its history, and
//! whether its executions are halted.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use scriptorium::model::audit;
use scriptorium::model::execution::TriggerKind;
use scriptorium::model::halt::{Halt, HaltScope};
use scriptorium::model::permission::Permission;
use scriptorium::model::retention::{MAX_AUDIT_DAYS, MAX_DAYS, MIN_DAYS};

use super::clock;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::visitor::Visitor;
use crate::when::When;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "tenant.html")]
struct TenantPage {
    frame: Frame,
    t: Texts,
    cards: [Card; 2],
    switches: Vec<Switch>,
    /// Halts that the operator made, which the tenant cannot lift.
    by_operator: Vec<Standing>,
    may_halt: bool,
}

/// One group of settings, which is saved as a whole.
struct Card {
    /// Its texts are `tenant-{name}`, `tenant-{name}-text` and `tenant-{name}-shorter`.
    name: &'static str,
    /// The call of the API that saves it.
    call: &'static str,
    may_change: bool,
    fields: Vec<Field>,
}

/// Whether executions of a trigger are halted by the tenant itself.
struct Switch {
    /// `any` or a trigger.
    name: &'static str,
    halt: Option<Standing>,
}

/// A halt that stands.
struct Standing {
    trigger: &'static str,
    reason: String,
    since: When,
    by: String,
}

/// A number; its text is `tenant-{name}`, and that of its hint `tenant-{name}-hint`.
struct Field {
    name: &'static str,
    /// Empty where there is no bound.
    value: String,
    min: u32,
    max: u32,
}

/// `GET /settings`
pub(crate) async fn show(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let policy = site.platform.scripts().version_policy(ctx).await;
    let policy = policy.map_err(explained(&visitor))?;
    let keep = site.platform.retention().find(ctx).await;
    let keep = keep.map_err(explained(&visitor))?;
    let bound = |name, value: Option<u32>, max| Field {
        name,
        value: value.map(|value| value.to_string()).unwrap_or_default(),
        min: 1,
        max,
    };
    let days = |name, value: u32| Field {
        name,
        value: value.to_string(),
        min: MIN_DAYS,
        max: MAX_DAYS,
    };
    let audit_days = Field {
        name: "audit_days",
        value: keep.audit_days.to_string(),
        min: audit::MIN_DAYS,
        max: MAX_AUDIT_DAYS,
    };
    let halts = site.platform.halts().list(ctx);
    let halts = halts.map_err(explained(&visitor))?;
    let (people, clock) = (People::known_to(&site, &visitor).await, clock(&site, t));
    let standing = |halt: &Halt| Standing {
        trigger: trigger_name(halt.key.trigger),
        reason: halt.reason.clone(),
        since: clock.when(halt.since),
        by: people.author(halt.by),
    };
    let concerns = |halt: &&Halt| match halt.key.scope {
        HaltScope::Platform => true,
        HaltScope::Tenant | HaltScope::Operator => halt.key.tenant == ctx.tenant,
    };
    let (own, by_operator): (Vec<&Halt>, Vec<&Halt>) = (halts.iter())
        .filter(concerns)
        .partition(|halt| halt.key.scope == HaltScope::Tenant);
    let triggers = std::iter::once(None).chain(TriggerKind::ALL.into_iter().map(Some));
    let page = TenantPage {
        frame: Frame::new(t, t.get("tenant-title"), "settings", Some(&visitor.caller)),
        t,
        switches: triggers
            .map(|trigger| Switch {
                name: trigger_name(trigger),
                halt: (own.iter())
                    .find(|halt| halt.key.trigger == trigger)
                    .map(|halt| standing(halt)),
            })
            .collect(),
        by_operator: by_operator.into_iter().map(standing).collect(),
        may_halt: ctx.may(Permission::ExecutionsHalt),
        cards: [
            Card {
                name: "versions",
                call: "PUT /version-policy",
                may_change: ctx.may(Permission::ScriptsPurge),
                fields: vec![
                    bound("max_count", policy.max_count, 10_000),
                    bound("max_age_days", policy.max_age_days, 3_650),
                ],
            },
            Card {
                name: "retention",
                call: "PUT /retention",
                may_change: ctx.may(Permission::ScriptsDelete),
                fields: vec![
                    days("execution_days", keep.execution_days),
                    days("log_days", keep.log_days),
                    days("event_days", keep.event_days),
                    audit_days,
                ],
            },
        ],
    };
    Ok(answer::strict(&page))
}

fn trigger_name(trigger: Option<TriggerKind>) -> &'static str {
    trigger.map_or("any", TriggerKind::as_str)
}

impl Card {
    fn text(&self, t: &Texts, about: &str) -> String {
        t.named("tenant", &format!("{}-{about}", self.name))
    }
}

impl Field {
    fn hint(&self, t: &Texts) -> String {
        t.named("tenant", &format!("{}-hint", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Locale;

    #[test]
    fn every_group_and_field_has_its_texts() {
        for locale in [Locale::En, Locale::Ru, Locale::Uz] {
            let t = Texts(locale);
            let fields = [
                "max_count",
                "max_age_days",
                "execution_days",
                "log_days",
                "event_days",
                "audit_days",
            ];
            let of_fields = fields.map(|name| [name.to_owned(), format!("{name}-hint")]);
            let of_cards = ["versions", "retention"].map(|name| {
                let of = ["-text", "-shorter"].map(|about| format!("{name}{about}"));
                let [text, shorter] = of;
                [name.to_owned(), text, shorter]
            });
            let named = of_fields.concat().into_iter().chain(of_cards.concat());
            for name in named {
                let text = t.named("tenant", &name);
                assert!(!text.contains("tenant-"), "{locale:?} {name}: {text}");
            }
        }
    }
}
