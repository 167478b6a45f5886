//! What scripts can call, as it is declared: what a call is charged to, what it takes and what it reaches.

use scriptorium_engine::CallClass;

use crate::capabilities::args::Check;
use crate::capabilities::{self, Binding, Reach};
use crate::notifications;
use crate::service::Method;

/// One function of the script API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is, such as `storage.get`.
    pub path: String,
    /// What a call is charged to.
    pub class: CallClass,
    /// The permission that any call takes.
    pub permission: Option<String>,
    /// What it has to do with beside its arguments.
    pub reach: Reach,
    /// What it takes.
    pub takes: Takes,
    /// The parameters that the host looks at, by name: each can be wrong.
    pub checked: Vec<String>,
}

/// What a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// No arguments.
    Nothing,
    /// Whatever it is given.
    Anything,
    /// Arguments that may be wrong.
    Something,
}

/// Every function of the platform's own; what the host application registers is not among them.
pub fn functions() -> Vec<Function> {
    let declared = capabilities::bindings().map(Function::of);
    let notifications = notifications::service::service();
    let name = notifications.name.clone();
    let methods = notifications.methods.into_iter();
    let of_service = methods.map(|method| Function::of_method(&name, method));
    declared.chain(of_service).collect()
}

impl Function {
    fn of(binding: &Binding) -> Self {
        let checked = binding.params.iter();
        let checked = checked.filter(|param| !matches!(param.check, Check::Any));
        Self {
            path: binding.path.to_owned(),
            class: binding.class,
            permission: binding.needs.map(|permission| permission.to_string()),
            reach: binding.reach,
            takes: Takes::of(binding.params.iter().map(|param| param.ts)),
            checked: checked.map(|param| param.name.to_owned()).collect(),
        }
    }

    fn of_method(service: &str, method: Method) -> Self {
        Self {
            path: format!("services.{service}.{}", method.name),
            class: CallClass::Service,
            permission: method.permission,
            reach: Reach::Tenant,
            takes: Takes::Something,
            checked: Vec::new(),
        }
    }
}

impl Takes {
    /// What parameters of these types take.
    fn of<'a>(types: impl Iterator<Item = &'a str>) -> Self {
        let any = |ts: &str| ts.trim_end_matches("[]") == "unknown";
        types.fold(Self::Nothing, |takes, ts| match takes {
            Self::Nothing | Self::Anything if any(ts) => Self::Anything,
            _ => Self::Something,
        })
    }
}
