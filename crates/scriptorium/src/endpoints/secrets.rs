//! The secrets of endpoints whose callers sign: given and taken away, never shown again (D17).

use std::fmt;

use async_recursion::async_recursion as boxed;
use scriptorium_model::policy::Action;
use scriptorium_model::script::Definition;
use scriptorium_model::trigger::SignatureScheme;
use scriptorium_model::{Ctx, Invalid, ScriptId, SigningSecretId};
use scriptorium_store::SigningSecret;

use super::signature;
use crate::error::{Error, Result};
use crate::scripts::Scripts;

/// A secret that an endpoint was given.
#[derive(Clone)]
pub struct NewSigningSecret {
    /// What can be told of it later.
    pub secret: SigningSecret,
    /// The text, when the platform made it up: the only time that it is told.
    pub text: Option<String>,
}

impl Scripts<'_> {
    /// The secrets of an endpoint, the oldest first; never their texts.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn signing_secrets(&self, ctx: &Ctx, id: ScriptId) -> Result<Vec<SigningSecret>> {
        self.allowed(ctx, Action::Read, id).await?;
        Ok(self.0.store().list_signing_secrets(ctx, id).await?)
    }

    /// Gives an endpoint one more secret, besides those it has: the one that the sender's settings
    /// show, or a new one. It counts from now on.
    ///
    /// # Errors
    /// The endpoint takes no signatures, it is no secret of its scheme, it has five (a conflict,
    /// `too_many_secrets`), or the script may not be changed by the caller.
    #[boxed]
    pub async fn add_signing_secret(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        secret: Option<&str>,
    ) -> Result<NewSigningSecret> {
        let script = self.allowed(ctx, Action::Update, id).await?;
        let made = match secret {
            Some(_) => None,
            None => Some(signature::written(&self.0.ambient().random())),
        };
        let scheme = scheme_of(&script.definition)?;
        let text = secret.or(made.as_deref()).unwrap_or_default();
        let key = signature::key_of(scheme, text)?;
        let secret = self.0.store().add_signing_secret(ctx, id, &key).await?;
        Ok(NewSigningSecret { secret, text: made })
    }

    /// Takes a secret from an endpoint: what is signed with it is refused from now on.
    ///
    /// # Errors
    /// No such script or secret, or the script may not be changed by the caller.
    #[boxed]
    pub async fn remove_signing_secret(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        secret: SigningSecretId,
    ) -> Result<()> {
        self.allowed(ctx, Action::Update, id).await?;
        let store = self.0.store();
        Ok(store.remove_signing_secret(ctx, id, secret).await?)
    }

    /// Checks a secret that is to be given to a script of this definition.
    ///
    /// # Errors
    /// The endpoint takes no signatures, or it is no secret of its scheme.
    pub fn check_signing_secret(&self, definition: &Definition, secret: &str) -> Result<()> {
        signature::key_of(scheme_of(definition)?, secret)?;
        Ok(())
    }
}

fn scheme_of(definition: &Definition) -> Result<SignatureScheme> {
    let endpoint = definition.trigger.endpoint();
    endpoint
        .and_then(|endpoint| endpoint.signature)
        .ok_or_else(|| {
            let message = "is for endpoints whose auth is signature";
            Error::from(Invalid::field("http.signature", "not_allowed", message))
        })
}

impl fmt::Debug for NewSigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSigningSecret")
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}
