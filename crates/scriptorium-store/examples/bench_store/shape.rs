//! How much of what is generated, and how often each question is asked.

use crate::rows::mix;

/// The size of the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) tenants: usize,
    pub(crate) scripts: u64,
    pub(crate) executions: u64,
    /// How often each question is asked, at most; ten seconds are enough for any.
    pub(crate) rounds: usize,
    /// How long ends are recorded.
    pub(crate) recording: std::time::Duration,
}

impl Shape {
    /// Scripts of one tenant, some of each type.
    pub(crate) fn scripts_of(self, place: usize) -> u64 {
        ((self.scripts as f64 * self.share(place)) as u64).max(10)
    }

    /// Events of all tenants together.
    pub(crate) fn events(self) -> u64 {
        self.executions / 20
    }

    /// Whether the tables are as large as the figures and the plans are about; small ones have other
    /// plans.
    pub(crate) fn is_large(self) -> bool {
        self.executions >= 100_000
    }

    /// What part of everything is a tenant's: the second has half as much as the first, the third
    /// a third, as customers of one product do.
    fn share(self, place: usize) -> f64 {
        let weight = |place: usize| 1.0 / (place + 1) as f64;
        weight(place) / (0..self.tenants).map(weight).sum::<f64>()
    }
}

/// Whose turn it is: the rows of all tenants lie among each other as they do in a platform at work,
/// each tenant's as many as its share.
pub(crate) struct Turns {
    /// Tenants in turn, and how many turns of the same deck each had before.
    deck: Vec<(usize, u64)>,
    /// Turns of each tenant in one deck.
    of_tenant: Vec<u64>,
}

impl Turns {
    pub(crate) fn of(shape: Shape) -> Self {
        const DECK: f64 = 5_000.0;
        let mut cards: Vec<(u64, usize)> = Vec::new();
        for place in 0..shape.tenants {
            let turns = ((DECK * shape.share(place)).round() as usize).max(1);
            let first = cards.len() as u64;
            cards.extend((0..turns as u64).map(|turn| (mix(first + turn), place)));
        }
        cards.sort_unstable();
        let mut of_tenant = vec![0; shape.tenants];
        let deck = cards.into_iter().map(|(_, place)| {
            of_tenant[place] += 1;
            (place, of_tenant[place] - 1)
        });
        Self {
            deck: deck.collect(),
            of_tenant,
        }
    }

    /// The tenant of a row by its number, and how many rows that tenant has before it.
    pub(crate) fn of_row(&self, number: u64) -> (usize, u64) {
        let decks = number / self.deck.len() as u64;
        let (place, before) = self.deck[(number % self.deck.len() as u64) as usize];
        (place, decks * self.of_tenant[place] + before)
    }

    /// How many of the first `rows` are a tenant's.
    pub(crate) fn count(&self, place: usize, rows: u64) -> u64 {
        let decks = rows / self.deck.len() as u64;
        let rest = &self.deck[..(rows % self.deck.len() as u64) as usize];
        let rest = rest.iter().filter(|(card, _)| *card == place).count();
        decks * self.of_tenant[place] + rest as u64
    }
}
