//! What every word of a tenant begins with in the index: the words of two tenants are different
//! words. A search reads its own tenant's postings only, and would find nothing of a stranger's
//! even if a statement forgot to name the tenant. The words of an execution name its day as well, so
//! that the newest days are looked through first, and a common word costs what it costs in them.

use scriptorium_model::{TenantId, Uuid};
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

/// The day of an execution, from its id: how many are between it and 1970, in UTC.
pub(crate) fn day_of(id: Uuid) -> u32 {
    const MILLIS: u128 = 86_400_000;
    u32::try_from((id.as_u128() >> 80) / MILLIS).map_or(LAST_DAY, |day| day.min(LAST_DAY))
}

/// The last day that has a name of its own: in the year 2149.
pub(crate) const LAST_DAY: u32 = 0xffff;

/// What stands between the tenant's prefix and the word of an execution, of one length.
pub(crate) fn name_of(day: u32) -> String {
    format!("{day:04x}")
}

/// What the words of an execution begin with: its tenant, then its day.
pub(crate) fn of_execution(tenant: TenantId, id: Uuid) -> String {
    of(tenant) + &name_of(day_of(id))
}

/// Words separated by spaces, each behind a prefix.
pub(crate) fn before_each(prefix: &str, words: &str) -> String {
    let mut text = String::with_capacity(words.len() * 3);
    for word in words.split_ascii_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(prefix);
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
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
        assert_eq!(before_each("p", "a отчет"), "pa pотчет");
        assert_eq!(before_each("p", ""), "");
    }

    #[test]
    fn days_follow_ids_and_have_names_of_one_length() {
        const DAY: u128 = 86_400_000;
        for (millis, day) in [
            (0, 0),
            (DAY - 1, 0),
            (DAY, 1),
            (20_000 * DAY, 20_000),
            (u128::from(LAST_DAY) * DAY * 2, LAST_DAY),
            ((1 << 48) - 1, LAST_DAY),
        ] {
            let (first, last) = (millis << 80, millis << 80 | ((1 << 80) - 1));
            assert_eq!(day_of(Uuid::from_u128(first)), day, "{millis}");
            assert_eq!(day_of(Uuid::from_u128(last)), day, "{millis}");
            assert_eq!(name_of(day).len(), 4);
        }
    }
}
