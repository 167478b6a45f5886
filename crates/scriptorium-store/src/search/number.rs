//! The number of a document in SQLite's index, made from the id of what it describes: 42 bits of
//! milliseconds, then the first 21 random bits. The order of numbers is the order of ids, but for
//! two ids of the same millisecond whose random bits agree: the later one takes the next free number.

use scriptorium_model::Uuid;

/// How many numbers an id may have, from [`of`] on.
pub(crate) const CHOICES: i64 = 64;

/// The first number an id may have; above zero, and below 2⁶³ until the year 2109.
pub(crate) fn of(id: Uuid) -> i64 {
    let bits = id.as_u128();
    let millis = (bits >> 80) & ((1 << 42) - 1);
    let first = (bits >> 64) & 0xfff;
    let second = (bits >> 53) & 0x1ff;
    (millis << 21 | first << 9 | second) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 7 id with these random bits after the version and after the variant.
    fn id(millis: u128, first: u128, second: u128) -> Uuid {
        Uuid::from_u128(millis << 80 | 7 << 76 | first << 64 | 2 << 62 | second)
    }

    #[test]
    fn numbers_are_ordered_as_ids_are() {
        let mut ids = Vec::new();
        for millis in [0, 1, 1_763_000_000_000, 1_763_000_000_001, (1 << 42) - 1] {
            for first in [0, 1, 0x7ff, 0xfff] {
                for second in [0, 1, 1 << 53, 0x1ff << 53 | 5] {
                    ids.push(id(millis, first, second));
                }
            }
        }
        ids.sort_unstable();
        let numbers: Vec<i64> = ids.iter().map(|id| of(*id)).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        assert!(numbers.iter().all(|number| *number >= 0));
        assert!(
            numbers
                .last()
                .unwrap()
                .checked_add(CHOICES)
                .is_none_or(|n| n > 0)
        );
    }

    #[test]
    fn ids_of_one_millisecond_rarely_share_a_number() {
        let mut seen = std::collections::HashSet::new();
        for n in 0_u64..10_000 {
            let random = u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let id = id(
                1_763_000_000_000,
                random >> 52,
                random << 12 & ((1 << 62) - 1),
            );
            seen.insert(of(id));
        }
        assert!(seen.len() > 9_900, "{}", seen.len());
    }
}
