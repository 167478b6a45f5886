//! What a dry run would have done: the effects that were recorded instead of made.

/// What a script meant to do to the world outside of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EffectKind {
    /// A storage entry set or deleted.
    Storage,
    /// An event published.
    Event,
    /// A request sent.
    Http,
    /// A method of a service called that does more than read.
    Service,
    /// A row of a business table written.
    Db,
    /// A message to people sent.
    Notification,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Storage,
        Self::Event,
        Self::Http,
        Self::Service,
        Self::Db,
        Self::Notification,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Event => "event",
            Self::Http => "http",
            Self::Service => "service",
            Self::Db => "db",
            Self::Notification => "notification",
        }
    }

    /// The kind of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One thing that a dry run would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What kind of thing.
    pub kind: EffectKind,
    /// To what: `storage.set`'s key, an event's type, an address, a method's name.
    pub target: String,
    /// What would have been done, in short and for people.
    pub summary: String,
}

/// What a dry run would have done, in the order of the calls, and how much more there was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The first of them.
    pub items: Vec<Effect>,
    /// How many came after those.
    pub dropped: u32,
}

/// Most effects that are kept of one execution.
pub const EFFECTS: usize = 500;
/// Most characters of a target, and of a summary; longer ones are cut.
pub const EFFECT_CHARS: usize = 300;

impl Effects {
    /// Keeps an effect, or counts it.
    pub fn push(&mut self, kind: EffectKind, target: &str, summary: &str) {
        if self.items.len() >= EFFECTS {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.items.push(Effect {
            kind,
            target: cut(target),
            summary: cut(summary),
        });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// The beginning of a text, with a mark when it is not all.
fn cut(text: &str) -> String {
    match text.char_indices().nth(EFFECT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_bounded_in_number_and_length() {
        let mut effects = Effects::default();
        for _ in 0..EFFECTS + 3 {
            effects.push(EffectKind::Storage, &"ы".repeat(1_000), "set");
        }
        assert_eq!((effects.items.len(), effects.dropped), (EFFECTS, 3));
        let target = &effects.items[0].target;
        assert_eq!(target.chars().count(), EFFECT_CHARS + 1);
        assert!(target.ends_with('…'));
    }
}
