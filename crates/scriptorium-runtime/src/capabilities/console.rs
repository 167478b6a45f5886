//! `console`: lines of the execution's log, and how far it is. Formatting is the prelude's; keeping and
//! bounding the lines is the host's.

use scriptorium_engine::{CallClass, HostError};
use scriptorium_model::execution::{PROGRESS_CHARS, Progress};

use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, Give, How, Reach};
use crate::host::Run;

/// Longest text of a progress that is taken at all.
const TEXT_BYTES: usize = 16 << 10;
const VALUES: &[Param] = &[required("...values", "unknown[]", Check::Any)];

const fn line(path: &'static str, doc: &'static str) -> Binding {
    Binding {
        path,
        generics: "",
        params: VALUES,
        returns: "void",
        doc,
        class: CallClass::Free,
        needs: None,
        reach: Reach::Execution,
        how: How::Guest,
        give: Give::Plain,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "console",
    doc: "Lines of the execution's log: at most 1,000 lines and 256 KiB, more are dropped and counted; and how far it is.",
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
                required("done", "number", Check::Amount),
                optional("total", "number", Check::Amount),
                optional("text", "string", Check::Text(TEXT_BYTES)),
            ],
            returns: "void",
            doc: "Says how far the execution is, for whoever looks at it. Only the last one is kept, so it may be called as often as wanted; of the text 200 characters are shown.",
            class: CallClass::Free,
            needs: None,
            reach: Reach::Execution,
            how: How::Sync(progress),
            give: Give::Plain,
        },
    ],
};

fn progress(run: &Run, mut args: Args) -> Result<String, HostError> {
    let (done, total) = (args.amount(0).unwrap_or_default(), args.amount(1));
    let text = args.text(2).map(|text| shortened(&text));
    run.progress(Progress {
        done,
        total,
        text: text.filter(|text| !text.is_empty()),
        at: run.now(),
    });
    Ok("null".to_owned())
}

/// One line of the text, without what would break it up.
fn shortened(text: &str) -> String {
    let line = text.trim().replace(char::is_control, " ");
    match line.char_indices().nth(PROGRESS_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
