//! Who may do what: one pure function. Callers ask it; they never decide themselves.

use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::script::{Script, ScriptStatus, ScriptType};
use crate::trigger::EndpointAuth;

/// What someone wants to do with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See it, its versions and its executions.
    Read,
    /// Change any field, or restore a version.
    Update,
    /// Move it along its status machine.
    ChangeStatus,
    /// Activate it although it was disabled, which takes the right to change any script.
    Reactivate,
    /// Move it to the trash.
    Delete,
    /// Run it.
    Execute,
}

/// A refusal, naming the missing permission (R-RBAC-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The permission that would have allowed it.
    pub missing: Permission,
}

/// Whether `ctx` may create a script of this type.
///
/// # Errors
/// The missing permission.
pub fn may_create(ctx: &Ctx, kind: ScriptType, auth: Option<EndpointAuth>) -> Result<(), Denied> {
    require(ctx, Permission::ScriptsCreate)?;
    endpoint_rule(ctx, kind, auth)
}

/// What it takes to move a script of this status to `to`.
pub fn action_of_move(from: ScriptStatus, to: ScriptStatus) -> Action {
    if from.takes_reason(to) {
        Action::Reactivate
    } else {
        Action::ChangeStatus
    }
}

/// Whether `ctx` may do `action` with `script`, which is of the tenant of `ctx`.
///
/// # Errors
/// The missing permission.
pub fn may(ctx: &Ctx, action: Action, script: &Script) -> Result<(), Denied> {
    match action {
        Action::Read => require(ctx, Permission::ScriptsRead),
        Action::Execute => require(ctx, Permission::ScriptsExecute),
        Action::Delete => require(ctx, Permission::ScriptsDelete),
        Action::Update | Action::ChangeStatus | Action::Reactivate => {
            let own = action != Action::Reactivate
                && ctx.may(Permission::ScriptsCreate)
                && script.created_by.is_some()
                && script.created_by == ctx.actor.user();
            if !own {
                require(ctx, Permission::ScriptsUpdate)?;
            }
            endpoint_rule(
                ctx,
                script.kind(),
                script.trigger.endpoint().map(|e| e.auth),
            )
        }
    }
}

/// A public endpoint answers strangers, so opening one takes the permission to manage endpoints
/// an endpoint for the tenant's own users does not.
fn endpoint_rule(ctx: &Ctx, kind: ScriptType, auth: Option<EndpointAuth>) -> Result<(), Denied> {
    let open = kind == ScriptType::Http && auth.is_some_and(|auth| auth != EndpointAuth::Required);
    if open {
        require(ctx, Permission::ScriptsManageEndpoints)
    } else {
        Ok(())
    }
}

/// Whether `ctx` holds `permission`.
///
/// # Errors
/// The missing permission.
pub fn require(ctx: &Ctx, permission: Permission) -> Result<(), Denied> {
    if ctx.may(permission) {
        Ok(())
    } else {
        Err(Denied {
            missing: permission,
        })
    }
}
