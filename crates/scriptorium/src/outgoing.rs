//! The rules of a tenant's requests: where its scripts may send them, and what goes along.

use async_recursion::async_recursion as boxed;
use scriptorium_model::outgoing::OutgoingRules;
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, Invalid, policy};
use scriptorium_outbound::{HeaderName, HeaderValue, HostPattern, Rules, is_origin, is_refused};

use crate::error::Result;
use crate::platform::Platform;

/// Rules of a tenant's requests; from [`Platform::outgoing`].
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a>(pub(crate) &'a Platform);

impl Outgoing<'_> {
    /// The rules; those that restrict nothing until there are some.
    ///
    /// # Errors
    /// The permission `secrets.manage` is missing.
    #[boxed]
    pub async fn rules(&self, ctx: &Ctx) -> Result<OutgoingRules> {
        policy::require(ctx, Permission::SecretsManage)?;
        Ok(self.0.store().outgoing_rules(ctx).await?)
    }

    /// Writes the rules, in place of those before. They hold for the next request.
    ///
    /// # Errors
    /// Refused fields, or the permission `secrets.manage` is missing.
    #[boxed]
    pub async fn set_rules(&self, ctx: &Ctx, rules: &OutgoingRules) -> Result<()> {
        policy::require(ctx, Permission::SecretsManage)?;
        let mut invalid = Invalid::default();
        if let Err(found) = rules.validate() {
            invalid.extend(found);
        }
        let lists = [
            ("only", rules.only.as_deref().unwrap_or_default()),
            ("never", &rules.never),
        ];
        for (name, hosts) in lists {
            for (index, host) in hosts.iter().enumerate() {
                if let Err(expectation) = HostPattern::parse(host) {
                    invalid.push(format!("{name}.{index}"), "bad_host", expectation);
                }
            }
        }
        for (index, credential) in rules.credentials.iter().enumerate() {
            let field = |name: &str| format!("credentials.{index}.{name}");
            if !self.is_origin(&credential.origin) {
                let message = "must be scheme and host such as https://api.example.com, with the port if it is another, \
                               and a place that requests may go to";
                invalid.push(field("origin"), "bad_outgoing_origin", message);
            }
            for (at, header) in credential.headers.iter().enumerate() {
                let name = HeaderName::from_bytes(header.name.as_bytes());
                if !name.is_ok_and(|name| !is_refused(&name)) {
                    let message = "must be the name of a header that is not set by the platform";
                    invalid.push(field(&format!("headers.{at}.name")), "bad_header", message);
                }
                if HeaderValue::from_str(&header.text).is_err() {
                    let message = "must be one line of printable ASCII text";
                    let field = field(&format!("headers.{at}.text"));
                    invalid.push(field, "bad_header_text", message);
                }
            }
        }
        invalid.or(())?;
        Ok(self.0.store().put_outgoing_rules(ctx, rules).await?)
    }

    /// Whether a text is an origin in the spelling in which requests are compared with it.
    fn is_origin(&self, text: &str) -> bool {
        let checked = self.0.outbound().check(&Rules::default(), text);
        checked.is_ok() && is_origin(text)
    }
}
