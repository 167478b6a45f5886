//! `context`: what a script may know of its own execution. The values are in `crate::context`.

use scriptorium_engine::CallClass;

use super::{Binding, Capability, Give, How, Reach};

pub(super) const CAPABILITY: Capability = Capability {
    name: "context",
    doc: "The execution, its tenant, its user and its trigger. Read-only.",
    bindings: &[Binding {
        path: "context.budget",
        generics: "",
        params: &[],
        returns: "Budget",
        doc: "What is left of the execution's limits.",
        class: CallClass::Free,
        needs: None,
        reach: Reach::Execution,
        how: How::Sync(|run, _| Ok(run.budget().to_string())),
        give: Give::Plain,
    }],
};
