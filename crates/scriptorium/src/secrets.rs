//! The secrets of a tenant: written and listed by people, read by scripts only.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use jiff::SignedDuration;
use scriptorium_model::permission::Permission;
use scriptorium_model::secret::{Secret, SecretChange, validate_name};
use scriptorium_model::{Ctx, Invalid, ScriptId, policy};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// The longest time for which the value before a new one is given, too.
const KEEP_MOST: Duration = Duration::from_secs(90 * 86_400);

/// Secrets of a tenant; from [`Platform::secrets`].
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a>(pub(crate) &'a Platform);

/// What is to change of a secret; what is not given stays as it is.
#[derive(Clone, Default)]
pub struct SecretInput {
    /// A new value.
    pub value: Option<String>,
    /// For how long the value before it is given, too.
    pub keep_previous: Option<Duration>,
    /// A value for trials, or none any more.
    pub test_value: Option<Option<String>>,
    /// The scripts that may read it, or all.
    pub scripts: Option<Option<Vec<ScriptId>>>,
}

impl std::fmt::Debug for SecretInput {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretInput").finish_non_exhaustive()
    }
}

impl Secrets<'_> {
    /// What there is, by name; no values.
    ///
    /// # Errors
    /// The permission `secrets.manage` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Secret>> {
        policy::require(ctx, Permission::SecretsManage)?;
        Ok(self.0.store().list_secrets(ctx).await?)
    }

    /// Writes a secret, new or not.
    ///
    /// # Errors
    /// Refused fields, a script that is not the tenant's, or the permission `secrets.manage` is missing.
    #[boxed]
    pub async fn put(&self, ctx: &Ctx, name: &str, input: SecretInput) -> Result<Secret> {
        policy::require(ctx, Permission::SecretsManage)?;
        let now = self.0.ambient().now();
        let keep = input.keep_previous.map(|keep| {
            let fits = (Duration::from_secs(1)..=KEEP_MOST).contains(&keep);
            let until = SignedDuration::try_from(keep).ok();
            let until = until.and_then(|keep| now.checked_add(keep).ok());
            until.filter(|_| fits).ok_or_else(|| {
                let message = "must be 1 second to 90 days";
                Invalid::field("keep_previous_seconds", "out_of_range", message)
            })
        });
        let change = SecretChange {
            value: input.value,
            keep_previous_until: keep.transpose()?,
            test_value: input.test_value,
            scripts: input.scripts,
        };
        change.validate(name)?;
        for script in change.scripts.iter().flatten().flatten() {
            let found = self.0.store().find_script(ctx, *script).await;
            found.map_err(|error| match error {
                scriptorium_store::Error::NotFound => Error::from(Invalid::field(
                    "scripts",
                    "not_found",
                    format!("{script} is no script here"),
                )),
                error => error.into(),
            })?;
        }
        Ok(self.0.store().put_secret(ctx, name, &change).await?)
    }

    /// Removes a secret; whether there was one.
    ///
    /// # Errors
    /// The permission `secrets.manage` is missing.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, name: &str) -> Result<bool> {
        policy::require(ctx, Permission::SecretsManage)?;
        validate_name(name)?;
        Ok(self.0.store().delete_secret(ctx, name).await?)
    }
}
