//! `console`: lines of the execution's log. Formatting is the prelude's; keeping and bounding the
//! lines is the host's.

use super::args::{Check, Param, optional, required};
use super::{Binding, Capability, Give, How};
use scriptorium_engine::CallClass;

const VALUES: &[Param] = &[required("...values", "unknown[]", Check::Any)];

const fn line(path: &'static str, doc: &'static str) -> Binding {
    Binding {
        path,
        generics: "",
        params: VALUES,
        returns: "void",
        doc,
        class: CallClass::Free,
        how: How::Guest,
        give: Give::Plain,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "console",
    doc: "Lines of the execution's log: at most 1,000 lines and 256 KiB, more are dropped and counted.",
    bindings: &[
        line(
            "console.log",
            "Logs values at level info; objects are shown as Node.js shows them.",
        ),
        line("console.info", "Logs values at level info."),
        line("console.warn", "Logs values at level warn."),
        line("console.error", "Logs values at level error."),
        line("console.debug", "Logs values at level debug."),
        Binding {
            path: "console.progress",
            generics: "",
            params: &[
                required("done", "number", Check::Any),
                optional("total", "number", Check::Any),
                optional("text", "string", Check::Any),
            ],
            returns: "void",
            doc: "Says how far the execution has come.",
            class: CallClass::Free,
            how: How::Guest,
            give: Give::Plain,
        },
    ],
};
