//! The JavaScript that is in every sandbox before a script: tables of what there is, written from
//! the declarations, and the handwritten part that makes objects of them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::capabilities::{self, Binding, Give, How};
use crate::compatibility::Deprecations;
use crate::service::Registry;

/// The parts in order; they share one scope.
const PARTS: [&str; 11] = [
    include_str!("js/intrinsics.js"),
    include_str!("js/inspect.js"),
    include_str!("js/language/text.js"),
    include_str!("js/language/clone.js"),
    include_str!("js/language/timers.js"),
    include_str!("js/language/abort.js"),
    include_str!("js/language/url.js"),
    include_str!("js/language/crypto.js"),
    include_str!("js/language/intl.js"),
    include_str!("js/api.js"),
    include_str!("js/entry.js"),
];

/// What `utils.assert` throws.
const ASSERTION: &str = "ASSERTION_FAILED";

/// The prelude's text for a set of services, and for what is deprecated.
pub(crate) fn text(services: &Registry, deprecations: &Deprecations) -> String {
    let bindings: Vec<Value> = capabilities::bindings().filter_map(row).collect();
    let services: Vec<Value> = services
        .iter()
        .map(|service| {
            let methods: Vec<&str> = service.methods.iter().map(|m| m.name.as_str()).collect();
            json!([service.name, methods])
        })
        .collect();
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(text, "const BINDINGS = {};", Value::from(bindings));
    let _ = writeln!(text, "const ASSERTION = {};", Value::from(ASSERTION));
    let _ = writeln!(text, "const SERVICES = {};", Value::from(services));
    let _ = writeln!(text, "const DEPRECATED = {};", told(deprecations));
    for part in PARTS {
        text.push_str(part);
        text.push('\n');
    }
    text
}

/// The deprecated functions that the host hears nothing of unless it is told, and whether they answer in a
/// promise.
fn told(deprecations: &Deprecations) -> Value {
    let mut told = Map::new();
    // An object without a prototype, as a literal writes it.
    told.insert("__proto__".into(), Value::Null);
    for binding in capabilities::bindings() {
        if matches!(binding.how, How::Guest) && deprecations.find(binding.path).is_some() {
            let later = binding.returns.starts_with("Promise");
            told.insert(binding.path.into(), later.into());
        }
    }
    told.into()
}

/// Path, whether it answers in a promise, what is made of the answer, and which argument may hold
/// a signal.
fn row(binding: &Binding) -> Option<Value> {
    let later = match binding.how {
        How::Guest => return None,
        How::Sync(_) => false,
        How::Async(_) => true,
    };
    let give = match binding.give {
        Give::Plain => "plain",
        Give::Date => "date",
        Give::Bytes => "bytes",
        Give::Response => "response",
    };
    let options = binding.params.iter().position(|p| p.name == "options");
    Some(json!([binding.path, later, give, options]))
}
