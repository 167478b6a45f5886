//! What ties an entry to the one before it: a keyed code over that entry's code, the tenant and
//! every field, each with its length, so that no two different entries are the same bytes. The key
//! is outside the database: whoever can write there cannot make a code.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use scriptorium_model::TenantId;
use sha2::Sha256;
use sha2::digest::Update;

/// The code before the first entry.
pub(crate) const START: [u8; 32] = [0; 32];

/// The key of the audit trail; cheap to clone.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

/// A field of what is tied.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Nothing,
}

impl Key {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        let code = Hmac::<Sha256>::new_from_slice(bytes);
        #[expect(clippy::expect_used, reason = "a code takes a key of any length")]
        Self(code.expect("32 bytes are a key"))
    }

    /// The code of an entry behind the one with the code `before`.
    pub(crate) fn mac(
        &self,
        before: &[u8; 32],
        tenant: TenantId,
        fields: &[Field<'_>],
    ) -> [u8; 32] {
        self.code("audit entry 1", tenant, before, fields)
    }

    /// The code of a checkpoint.
    pub(crate) fn checkpoint(
        &self,
        tenant: TenantId,
        last: &[u8; 32],
        fields: &[Field<'_>],
    ) -> [u8; 32] {
        self.code("audit checkpoint 1", tenant, last, fields)
    }

    /// By what two processes see that they have the same key.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut code = self.0.clone();
        Mac::update(&mut code, b"scriptorium audit key");
        code.finalize().into_bytes().into()
    }

    fn code(
        &self,
        purpose: &str,
        tenant: TenantId,
        before: &[u8; 32],
        fields: &[Field<'_>],
    ) -> [u8; 32] {
        let mut code = self.0.clone();
        put(&mut code, Field::Text(purpose));
        put(&mut code, Field::Bytes(tenant.0.as_bytes()));
        put(&mut code, Field::Bytes(before));
        for field in fields {
            put(&mut code, *field);
        }
        code.finalize().into_bytes().into()
    }
}

/// Adds a field to a code or digest.
pub(crate) fn put(to: &mut impl Update, field: Field<'_>) {
    let mut sized = |kind: u8, bytes: &[u8]| {
        to.update(&[kind]);
        to.update(&(bytes.len() as u64).to_le_bytes());
        to.update(bytes);
    };
    match field {
        Field::Nothing => sized(0, &[]),
        Field::Number(number) => sized(1, &number.to_le_bytes()),
        Field::Text(text) => sized(2, text.as_bytes()),
        Field::Bytes(bytes) => sized(3, bytes),
    }
}

impl<'a> Field<'a> {
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    pub(crate) fn bytes(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Self::Nothing, Self::Bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    const TENANT: TenantId = TenantId(Uuid::nil());

    #[track_caller]
    fn check_apart(one: &[Field<'_>], other: &[Field<'_>]) {
        let key = Key::new(&[7; 32]);
        let code = |fields| key.mac(&START, TENANT, fields);
        assert_eq!(code(one), code(one));
        assert_ne!(code(one), code(other), "{one:?} {other:?}");
    }

    #[test]
    fn no_two_contents_are_the_same_bytes() {
        use Field::{Bytes, Nothing, Number, Text};
        check_apart(&[Text("ab"), Text("c")], &[Text("a"), Text("bc")]);
        check_apart(&[Text(""), Nothing], &[Nothing, Text("")]);
        check_apart(&[Text("1")], &[Number(1)]);
        check_apart(&[Text("a")], &[Bytes(b"a")]);
        check_apart(&[Text("a")], &[Text("a"), Nothing]);
    }

    #[test]
    fn a_code_depends_on_key_tenant_place_and_purpose() {
        let key = Key::new(&[7; 32]);
        let code = key.mac(&START, TENANT, &[]);
        assert_ne!(code, Key::new(&[8; 32]).mac(&START, TENANT, &[]));
        assert_ne!(code, key.mac(&[1; 32], TENANT, &[]));
        assert_ne!(code, key.mac(&START, TenantId(Uuid::max()), &[]));
        assert_ne!(code, key.checkpoint(TENANT, &START, &[]));
    }
}
