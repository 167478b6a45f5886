//! What lists of executions and of dead letters are narrowed to alike, and what is done to all that they
//! show: a script and days. Read from the address here, and written for the API.

use scriptorium::model::ScriptId;
use serde_json::{Value, json};

use crate::days::Days;

/// The script and the days.
#[derive(Clone, Copy, Default)]
pub(super) struct Narrowing {
    pub(super) script: Option<ScriptId>,
    pub(super) days: Days,
}

impl Narrowing {
    /// As an address says it; what is none is no bound.
    pub(super) fn given(
        script: Option<&String>,
        from: Option<&String>,
        until: Option<&String>,
    ) -> Self {
        Self {
            script: script.and_then(|text| text.parse().ok()),
            days: Days::given(from, until),
        }
    }

    /// The script as the field of a form has it; nothing for no bound.
    pub(super) fn script_text(&self) -> String {
        self.script.map(|id| id.to_string()).unwrap_or_default()
    }

    /// The body of a call that is about all of it, with these members besides.
    pub(super) fn body(&self, more: Value) -> String {
        let mut body = json!({
            "script_id": self.script.map(|id| id.0),
            "from": self.days.from().map(|at| at.to_string()),
            "to": self.days.to().map(|at| at.to_string()),
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        body.to_string()
    }
}
