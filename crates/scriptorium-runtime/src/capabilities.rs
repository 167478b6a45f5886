//! Everything a script can reach, declared once (D9). From each [`Binding`] come the argument
//! checks and the dispatch in the host, the function in the script's world, its TypeScript
//! declaration and its line in the reference.

pub(crate) mod args;
pub(crate) mod cache;
mod console;
mod context;
pub(crate) mod db;
mod events;
pub(crate) mod http;
mod intl;
pub(crate) mod language;
mod secrets;
mod storage;
pub(crate) mod stream;
pub(crate) mod utils;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use scriptorium_engine::{CallClass, HostError, Reply};
use scriptorium_model::permission::Permission;

use crate::host::Run;
use args::{Args, Param};

/// One function of the script API.
pub(crate) struct Binding {
    /// Where it is: global and members, such as `utils.date.format`.
    pub(crate) path: &'static str,
    /// TypeScript type parameters, such as `<T = any>`.
    pub(crate) generics: &'static str,
    /// Its parameters, which are checked before anything happens.
    pub(crate) params: &'static [Param],
    /// TypeScript type of the result.
    pub(crate) returns: &'static str,
    /// A sentence or two for the author.
    pub(crate) doc: &'static str,
    /// What a call is charged to.
    pub(crate) class: CallClass,
    /// What the run's principal must be allowed for any call of it. What else a call takes, such as a
    /// permission of the host's for a table, its handler asks for.
    pub(crate) needs: Option<Permission>,
    /// What it has to do with beside its arguments.
    pub(crate) reach: Reach,
    /// Who does it.
    pub(crate) how: How,
    /// How the prelude turns the reply into the result.
    pub(crate) give: Give,
}

/// What a function has to do with beside its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    Arguments,
    /// The execution that calls it.
    Execution,
    /// What the tenant has, or what is done in its name.
    Tenant,
}

/// Who does what a binding promises.
#[derive(Clone, Copy)]
pub(crate) enum How {
    /// The prelude: it needs nothing of the host, or what it needs is not a call.
    Guest,
    /// The host, at once: pure and fast.
    Sync(fn(&Run, Args) -> Result<String, HostError>),
    /// The host, in a promise.
    Async(fn(&Arc<Run>, Args) -> Reply),
}

/// What the prelude makes of a reply.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Give {
    /// The JSON value.
    Plain,
    /// A `Date` from milliseconds.
    Date,
    /// A `Uint8Array` from base64.
    Bytes,
    /// An HTTP response, whose body may be bytes.
    Response,
}

/// A capability: the bindings of one global.
pub(crate) struct Capability {
    /// The global.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) doc: &'static str,
    /// Its functions.
    pub(crate) bindings: &'static [Binding],
}

/// The one list. `services` is not in it: the host application declares those.
pub(crate) static ALL: [Capability; 9] = [
    console::CAPABILITY,
    context::CAPABILITY,
    db::CAPABILITY,
    storage::CAPABILITY,
    cache::CAPABILITY,
    secrets::CAPABILITY,
    events::CAPABILITY,
    http::CAPABILITY,
    utils::CAPABILITY,
];

/// The binding of a call name.
pub(crate) fn find(path: &str) -> Option<&'static Binding> {
    static INDEX: LazyLock<HashMap<&'static str, &'static Binding>> = LazyLock::new(|| {
        let internal = language::BINDINGS.iter().chain(&intl::BINDINGS);
        let internal = internal.chain(&stream::BINDINGS).chain(&db::BINDINGS);
        let all = bindings().chain(internal);
        all.map(|binding| (binding.path, binding)).collect()
    });
    INDEX.get(path).copied()
}

/// Every binding in the order of the reference.
pub(crate) fn bindings() -> impl Iterator<Item = &'static Binding> {
    ALL.iter().flat_map(|capability| capability.bindings)
}

impl Binding {
    /// One that the host does in a promise and that counts as a call of the API.
    const fn io(
        path: &'static str,
        generics: &'static str,
        params: &'static [Param],
        returns: &'static str,
        doc: &'static str,
        handler: fn(&Arc<Run>, Args) -> Reply,
    ) -> Self {
        Self {
            path,
            generics,
            params,
            returns,
            doc,
            class: CallClass::Io,
            needs: None,
            reach: Reach::Tenant,
            how: How::Async(handler),
            give: Give::Plain,
        }
    }

    /// The same for those who have a permission.
    const fn needs(mut self, permission: Permission) -> Self {
        self.needs = Some(permission);
        self
    }

    /// Whether the run may call it at all.
    pub(crate) fn permitted(&self, run: &Run) -> Result<(), HostError> {
        self.needs.map_or(Ok(()), |needed| {
            run.require(needed.as_str(), || self.path.to_owned())
        })
    }

    /// What it does, for the author: with the permission that it takes.
    pub(crate) fn help(&self) -> String {
        match self.needs {
            Some(permission) => format!("{} Needs the permission {permission}.", self.doc),
            None => self.doc.to_owned(),
        }
    }

    /// `name(a: string, b?: number): Promise<boolean>`.
    pub(crate) fn signature(&self) -> String {
        let name = self.path.rsplit('.').next().unwrap_or(self.path);
        let params: Vec<String> = self.params.iter().map(Param::declaration).collect();
        format!(
            "{name}{}({}): {}",
            self.generics,
            params.join(", "),
            self.returns
        )
    }
}

/// JSON text of a value that cannot fail to be written.
fn text(value: impl Into<serde_json::Value>) -> String {
    value.into().to_string()
}

/// `VALIDATION_ERROR` of one argument.
pub(crate) fn invalid(field: &str, expectation: impl std::fmt::Display) -> HostError {
    HostError {
        field: Some(field.to_owned()),
        ..HostError::new("VALIDATION_ERROR", format!("{field} {expectation}"))
    }
}

/// The store failed: the script learns that, the operator learns why.
pub(crate) fn store_failed(error: &scriptorium_store::Error) -> HostError {
    tracing::error!(error = %error, cause = ?error, "a script's call failed in the store");
    HostError::new(
        "PLATFORM_ERROR",
        "the platform could not do this; try again",
    )
}
