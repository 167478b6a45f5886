//! Passwords: Argon2id on the blocking pool, a few at a time, and the same time spent on people
//! who do not exist (WEB-08).

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use scriptorium_model::Invalid;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Each hash takes 19 MiB and a core for tens of milliseconds: two at once are enough.
    permits: Semaphore,
    /// Hash of a password nobody has.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            permits: Semaphore::new(2),
            nobody: hash_now("nobody has this password")?,
        })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let _permit = self.permits.acquire().await.map_err(|_| closed())?;
        tokio::task::spawn_blocking(move || hash_now(&password))
            .await
            .map_err(|_| closed())?
    }

    /// Whether the password is the one of the hash. Without a hash the answer is no, after the
    /// same work.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let _permit = self.permits.acquire().await.map_err(|_| closed())?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let matches = tokio::task::spawn_blocking(move || verify_now(&password, &hash)).await;
        Ok(matches.map_err(|_| closed())? && known)
    }
}

/// Checks a new password: 8 to 256 characters, no rules of composition (WEB-07).
pub(crate) fn validate(password: &str) -> Result<(), Invalid> {
    let length = password.chars().count();
    if (8..=256).contains(&length) {
        return Ok(());
    }
    let mut invalid = Invalid::default();
    invalid
        .push("password", "bad_password", "must have 8 to 256 characters")
        .with("min", 8)
        .with("max", 256);
    Err(invalid)
}

fn argon() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None)
        .map_err(|error| Error::internal(format!("password parameters: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String> {
    let hash = argon()?
        .hash_password(password.as_bytes())
        .map_err(|error| Error::internal(format!("password hash: {error}")))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|hash| {
        argon().is_ok_and(|argon| argon.verify_password(password.as_bytes(), &hash).is_ok())
    })
}

fn closed() -> Error {
    Error::internal("the platform is shutting down")
}
