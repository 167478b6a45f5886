//! What every word of a tenant begins with in the index: the words of two tenants are different
//! words. A search reads its own tenant's postings only, and would find nothing of a stranger's
//! even if a statement forgot to name the tenant.

use scriptorium_model::TenantId;
use sha2::{Digest, Sha256};

/// 60 bits of a hash, in characters that no tokenizer takes apart: short, because it is stored with
/// every word on PostgreSQL, and of one length, so that no word reaches into another's prefix.
pub(crate) fn of(tenant: TenantId) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut hash = Sha256::new();
    hash.update(b"search");
    hash.update(tenant.0);
    let digest = hash.finalize();
    let bits = digest[..8]
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (0..12)
        .map(|place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize]))
        .collect()
}

/// Words separated by spaces, each behind the tenant's prefix.
pub(crate) fn with_prefix(tenant: TenantId, words: &str) -> String {
    let prefix = of(tenant);
    let mut text = String::with_capacity(words.len() * 3);
    for word in words.split_ascii_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&prefix);
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    #[test]
    fn prefixes_have_one_length_and_differ() {
        let mut seen = std::collections::HashSet::new();
        for n in 0..10_000_u128 {
            let prefix = of(TenantId(Uuid::from_u128(n)));
            assert_eq!(prefix.len(), 12);
            assert!(seen.insert(prefix));
        }
    }

    #[test]
    fn every_word_gets_the_prefix() {
        let tenant = TenantId(Uuid::nil());
        let prefix = of(tenant);
        assert_eq!(
            with_prefix(tenant, "a отчет"),
            format!("{prefix}a {prefix}отчет")
        );
        assert_eq!(with_prefix(tenant, ""), "");
    }
}
