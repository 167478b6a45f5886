//! How far an execution said it was, and what a dry run would have done, as texts in columns.

use scriptorium_model::Timestamp;
use scriptorium_model::effect::{Effect, EffectKind, Effects};
use scriptorium_model::execution::Progress;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::db::known;
use crate::error::Result;

#[derive(Deserialize)]
struct ProgressText {
    done: f64,
    total: Option<f64>,
    text: Option<String>,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct EffectsText {
    items: Vec<(String, String, String)>,
    #[serde(default)]
    dropped: u32,
}

pub(super) fn of_progress(progress: &Progress) -> String {
    json!({
        "done": progress.done, "total": progress.total, "text": progress.text,
        "at": progress.at.to_string(),
    })
    .to_string()
}

pub(super) fn progress(text: &str) -> Result<Progress> {
    let read: ProgressText = known(serde_json::from_str(text).ok(), "executions.progress")?;
    Ok(Progress {
        done: read.done,
        total: read.total,
        text: read.text,
        at: read.at,
    })
}

/// `None` of what most executions have: nothing.
pub(super) fn of_effects(effects: &Effects) -> Option<String> {
    let of_one = |one: &Effect| json!([one.kind.as_str(), one.target, one.summary]);
    let items = || effects.items.iter().map(of_one).collect::<Vec<_>>();
    (!effects.is_empty())
        .then(|| json!({ "items": items(), "dropped": effects.dropped }).to_string())
}

pub(super) fn effects(text: &str) -> Result<Effects> {
    const COLUMN: &str = "executions.effects";
    let read: EffectsText = known(serde_json::from_str(text).ok(), COLUMN)?;
    let items = read.items.into_iter().map(|(kind, target, summary)| {
        Ok(Effect {
            kind: known(EffectKind::from_name(&kind), COLUMN)?,
            target,
            summary,
        })
    });
    Ok(Effects {
        items: items.collect::<Result<_>>()?,
        dropped: read.dropped,
    })
}
