//! `secrets`: values that the tenant's people wrote and that scripts read (D17). What a run has read is
//! noted, and masked in what is stored or shown of it.

use std::sync::Arc;

use scriptorium_engine::{CallClass, HostError, Reply};
use scriptorium_model::permission::Permission;
use scriptorium_model::secret::{NAME_CHARS, validate_name};
use scriptorium_store::Error;
use scriptorium_store::secrets::Opened;
use serde_json::Value;

use super::args::{Args, Check, Param, required};
use super::{Binding, Capability, Give, How, Reach, invalid, store_failed};
use crate::host::Run;

const NAME: Param = required("name", "string", Check::Text(NAME_CHARS));

const fn binding(
    path: &'static str,
    returns: &'static str,
    doc: &'static str,
    handler: fn(&Arc<Run>, Args) -> Reply,
) -> Binding {
    Binding {
        path,
        generics: "",
        params: &[NAME],
        returns,
        doc,
        class: CallClass::Io,
        needs: Some(Permission::SecretsUse),
        reach: Reach::Tenant,
        how: How::Async(handler),
        give: Give::Plain,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "secrets",
    doc: "Keys and passwords that the tenant keeps for its scripts. A secret may be for some scripts only. Which execution has read which is in the audit trail. Values of eight characters and more are masked in logs, results and errors.",
    bindings: &[
        binding(
            "secrets.get",
            "Promise<string>",
            "The value of a secret; in a trial the one for trials. NOT_FOUND when there is none for this script.",
            get,
        ),
        binding(
            "secrets.all",
            "Promise<string[]>",
            "The value of a secret, and the one before it while that is still given: compare what others have signed with each.",
            all,
        ),
    ],
};

fn get(run: &Arc<Run>, args: Args) -> Reply {
    open(run, args, |opened| opened.value.into())
}

fn all(run: &Arc<Run>, args: Args) -> Reply {
    open(run, args, |opened| {
        let values = [Some(opened.value), opened.previous];
        values.into_iter().flatten().collect::<Vec<_>>().into()
    })
}

fn open(run: &Arc<Run>, mut args: Args, give: fn(Opened) -> Value) -> Reply {
    let this = run.clone();
    run.later(async move {
        let name = args.text(0).unwrap_or_default();
        validate_name(&name).map_err(|_| {
            invalid(
                "name",
                format!(
                    "must be 1 to {NAME_CHARS} letters, digits and _ - ., not beginning with a dot"
                ),
            )
        })?;
        let trial = this.job.execution.test;
        let store = &this.world.store;
        let opened = store
            .open_secret(&this.ctx, &name, this.script, trial)
            .await;
        let opened = opened.map_err(|error| match error {
            Error::NotFound => missing(&name, trial),
            error => store_failed(&error),
        })?;
        if this.has_read(&name, &opened) {
            let noted = store.note_secret_use(&this.ctx, &name, this.script, this.execution);
            noted.await.map_err(|error| store_failed(&error))?;
        }
        Ok(give(opened).to_string())
    })
}

fn missing(name: &str, trial: bool) -> HostError {
    let message = if trial {
        format!("there is no secret {name} with a value for trials that this script may read")
    } else {
        format!("there is no secret {name} that this script may read")
    };
    HostError {
        field: Some("name".to_owned()),
        ..HostError::new("NOT_FOUND", message)
    }
}
