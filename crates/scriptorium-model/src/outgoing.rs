//! What a tenant says about the requests that its scripts send: where they may go, and what goes along.

use crate::Invalid;
use crate::secret::validate_name;

/// Most entries of each list.
pub const ENTRIES: usize = 100;
/// Most headers of one credential.
pub const HEADERS: usize = 10;
/// Longest host, origin, header name or text, in characters.
pub const TEXT_CHARS: usize = 300;

/// The rules of one tenant. They restrict what the operator lets everybody reach, and never add to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutgoingRules {
    /// The only hosts, such as `api.example.com` and `*.example.com`; all when `None`.
    pub only: Option<Vec<String>>,
    /// Hosts that are left out.
    pub never: Vec<String>,
    /// What requests to some origins carry.
    pub credentials: Vec<OutgoingCredential>,
}

/// What requests to one origin carry, without the script seeing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingCredential {
    /// Scheme, host, and the port unless it is the scheme's own: `https://api.example.com`.
    pub origin: String,
    /// Headers, in place of those that a script sets.
    pub headers: Vec<OutgoingHeader>,
    /// The secret that holds a client certificate with its key, as PEM.
    pub certificate: Option<String>,
}

/// A header made of a text and a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingHeader {
    /// Its name.
    pub name: String,
    /// What it begins with, such as `Bearer `; all of it without a secret.
    pub text: String,
    /// The name of the secret whose value follows.
    pub secret: Option<String>,
}

impl OutgoingRules {
    /// Checks how much there is, and the names of secrets. What is a host, an origin and a header, those
    /// know who send requests.
    ///
    /// # Errors
    /// Every broken rule.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let lists = [
            ("only", self.only.as_deref().unwrap_or_default().len()),
            ("never", self.never.len()),
            ("credentials", self.credentials.len()),
        ];
        for (field, count) in lists {
            if count > ENTRIES {
                let message = format!("must have at most {ENTRIES} entries");
                invalid.push(field, "too_many", message);
            }
        }
        for (index, credential) in self.credentials.iter().enumerate() {
            credential.validate(index, &mut invalid);
        }
        invalid.or(())
    }

    /// The secrets that they name.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.credentials.iter().flat_map(|credential| {
            let headers = credential.headers.iter();
            headers
                .filter_map(|header| header.secret.as_deref())
                .chain(credential.certificate.as_deref())
        })
    }
}

impl OutgoingCredential {
    fn validate(&self, index: usize, invalid: &mut Invalid) {
        let field = |name: &str| format!("credentials.{index}.{name}");
        if self.headers.len() > HEADERS {
            let message = format!("must have at most {HEADERS} entries");
            invalid.push(field("headers"), "too_many", message);
        }
        if self.headers.is_empty() && self.certificate.is_none() {
            let message = "must have an entry when there is no certificate";
            invalid.push(field("headers"), "required", message);
        }
        for (at, header) in self.headers.iter().enumerate() {
            if header.text.chars().count() > TEXT_CHARS {
                let message = format!("must have at most {TEXT_CHARS} characters");
                invalid.push(field(&format!("headers.{at}.text")), "too_long", message);
            }
            let secret = header.secret.as_deref();
            if secret.is_some_and(|name| validate_name(name).is_err()) {
                let message = "must be the name of a secret";
                invalid.push(field(&format!("headers.{at}.secret")), "bad_name", message);
            }
        }
        let certificate = self.certificate.as_deref();
        if certificate.is_some_and(|name| validate_name(name).is_err()) {
            invalid.push(
                field("certificate"),
                "bad_name",
                "must be the name of a secret",
            );
        }
    }
}
