//! `context`: what a script may know of its own execution. The values are in `crate::context`.

use scriptorium_engine::{CallClass, HostError};

use super::args::Args;
use super::{Binding, Capability, Give, How, Reach};
use crate::host::Run;

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
        how: How::Sync(budget),
        give: Give::Plain,
    }],
};

fn budget(run: &Run, _: Args) -> Result<String, HostError> {
    serde_json::to_string(&run.budget())
        .map_err(|error| HostError::new("PLATFORM_ERROR", error.to_string()))
}
