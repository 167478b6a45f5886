//! Idempotency keys (REL-18): who sends a request under a key may send it again, and it is done once.

use std::time::Duration;

use crate::{Actor, Invalid};

/// How long a key is known. Whoever tries again later means something new.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// Characters of the longest key.
pub const MAX_LENGTH: usize = 255;

/// A request under a key, as it is told from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Whose key it is: what one caller was answered is nothing for another.
    pub caller: String,
    /// The key as the caller chose it.
    pub key: String,
    /// Digest of everything that was asked for.
    pub request: [u8; 32],
}

/// Checks a key that a caller chose.
///
/// # Errors
/// It is empty, too long, or has other characters than visible ASCII.
pub fn validate(field: &str, key: &str) -> Result<(), Invalid> {
    if key.is_empty() || key.len() > MAX_LENGTH {
        let message = format!("must have 1 to {MAX_LENGTH} characters");
        return Err(Invalid::field(field, "bad_length", message));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "must have visible ASCII characters only";
        return Err(Invalid::field(field, "bad_value", message));
    }
    Ok(())
}

/// Whose keys those of an actor are. A user has the same in all sessions; a token has its own, since
/// it may do less than its user.
pub fn caller(actor: &Actor) -> String {
    match actor {
        Actor::User { id, .. } => format!("user:{id}"),
        Actor::Token { id, .. } => format!("token:{id}"),
        Actor::Host => "host".to_owned(),
        Actor::Platform => "platform".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SessionId, TokenId, UserId, Uuid};

    #[test]
    fn keys_are_short_and_visible() {
        let longest = "k".repeat(MAX_LENGTH);
        for (key, expected) in [
            ("a", None),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", None),
            ("\"quoted\"", None),
            (longest.as_str(), None),
            ("", Some("bad_length")),
            (&format!("{longest}k"), Some("bad_length")),
            ("a b", Some("bad_value")),
            ("a\n", Some("bad_value")),
            ("ключ", Some("bad_value")),
        ] {
            let refused = validate("idempotency_key", key).err();
            let code = refused.map(|invalid| invalid.errors[0].code);
            assert_eq!(code, expected, "{key:?}");
        }
    }

    #[test]
    fn every_caller_has_keys_of_their_own() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let user = |id, session: Option<Uuid>| Actor::User {
            id: UserId(id),
            session: session.map(SessionId),
        };
        let token = |id, user: Option<Uuid>| Actor::Token {
            id: TokenId(id),
            user: user.map(UserId),
        };
        let callers = [
            user(one, None),
            user(other, None),
            token(one, Some(one)),
            token(other, Some(one)),
            Actor::Host,
            Actor::Platform,
        ];
        let names: std::collections::BTreeSet<String> = callers.iter().map(caller).collect();
        assert_eq!(names.len(), callers.len());
        assert_eq!(caller(&user(one, Some(other))), caller(&user(one, None)));
    }
}
