//! Choices that fall the same way every time: a small generator started from a name.

use scriptorium::model::Uuid;

/// SplitMix64. Sample data needs repetition, not secrecy.
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice whose throws depend on `name` alone.
    pub(crate) fn named(name: &str) -> Self {
        // FNV-1a turns the name into a starting point.
        let start = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(start)
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.abs_diff(least) + 1;
        least.saturating_add_unsigned(self.throw() % span)
    }

    /// Whether something happens that happens `percent` times of a hundred.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `choices`, which are never empty here.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let most = i64::try_from(choices.len()).unwrap_or(i64::MAX) - 1;
        let index = usize::try_from(self.between(0, most)).unwrap_or(0);
        &choices[index]
    }

    /// An id that looks like any other.
    pub(crate) fn id(&mut self) -> Uuid {
        let bits = (u128::from(self.throw()) << 64) | u128::from(self.throw());
        // Version 4 and the usual variant.
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        Uuid::from_u128(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_throws_the_same() {
        let throws = |name| {
            let mut dice = Dice::named(name);
            (dice.between(-5, 5), dice.id(), dice.chance(50))
        };
        assert_eq!(throws("acme"), throws("acme"));
        assert_ne!(throws("acme"), throws("default"));
        assert_eq!(throws("acme").1.get_version_num(), 4);
    }
}
