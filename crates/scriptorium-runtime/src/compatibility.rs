//! What changed for scripts, and what is on its way out, each declared once.
//!
//! A [`Change`] holds for scripts from a compatibility date on; what was before stays for all others, for
//! good. Its date is never before the day of the release that brings it, or scripts that are there already
//! would change. The same goes for the date from which on a deprecated function is gone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scriptorium_model::{Date, Invalid};

use crate::capabilities;
use crate::service::Registry;

/// A change of what scripts see that would break some of those there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// What `storage` does while a transaction is open.
    StorageInTransactions,
}

impl Change {
    /// Every change, the oldest first.
    pub const ALL: [Self; 1] = [Self::StorageInTransactions];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StorageInTransactions => "storage_in_transactions",
        }
    }

    /// The compatibility date from which on it holds.
    pub fn since(self) -> Date {
        match self {
            Self::StorageInTransactions => jiff::civil::date(2026, 11, 30),
        }
    }

    /// What it is, in a sentence.
    pub fn what(self) -> &'static str {
        match self {
            Self::StorageInTransactions => {
                "storage changed while db.transaction is open is kept or taken back with it; before, it was \
                 written at once"
            }
        }
    }

    /// Whether it holds for a script with this compatibility date.
    pub fn holds_for(self, compatibility: Date) -> bool {
        self.since() <= compatibility
    }

    /// What would begin to hold for a script with the first date if it had the second.
    pub fn between(compatibility: Date, later: Date) -> impl Iterator<Item = Self> {
        let begins =
            move |change: &Self| !change.holds_for(compatibility) && change.holds_for(later);
        Self::ALL.into_iter().filter(begins)
    }
}

/// A function of the script API that is on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Its path, such as `storage.exists` or `services.clients.find`.
    pub function: Cow<'static, str>,
    /// Since when nobody should use it any more.
    pub since: Date,
    /// What to use instead: a path, or a few words.
    pub instead: Cow<'static, str>,
    /// For scripts with this compatibility date or a later one it does not exist; `None` while nothing is
    /// decided.
    pub gone_from: Option<Date>,
}

/// The platform's own functions that are deprecated: none yet. Spellings that scripts share with other
/// platforms (`x`, `ctx.x`, `sdk.x`) are one function, and stay.
const OWN: [Deprecation; 0] = [];

impl Deprecation {
    /// Deprecates a function in favour of something else.
    pub fn new(
        function: impl Into<Cow<'static, str>>,
        since: Date,
        instead: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            function: function.into(),
            since,
            instead: instead.into(),
            gone_from: None,
        }
    }

    /// Says from which compatibility date on it does not exist.
    #[must_use]
    pub fn gone_from(mut self, date: Date) -> Self {
        self.gone_from = Some(date);
        self
    }

    /// Whether it does not exist for a script with this compatibility date.
    pub fn is_gone_for(&self, compatibility: Date) -> bool {
        self.gone_from.is_some_and(|date| date <= compatibility)
    }

    /// Since when, what to use instead, and how long there is time.
    pub(crate) fn advice(&self) -> String {
        let Self { since, instead, .. } = self;
        let until = self.gone_from.map(|date| {
            format!("; it is gone for scripts with the compatibility date {date} or a later one")
        });
        let until = until.unwrap_or_default();
        format!("since {since}: use {instead}{until}")
    }

    /// What a script is told that calls it, or names it.
    pub(crate) fn warning(&self) -> String {
        format!("{} is deprecated {}", self.function, self.advice())
    }

    /// What a script is told for which it does not exist.
    pub(crate) fn refusal(&self) -> String {
        let date = self.gone_from.unwrap_or(self.since);
        let Self {
            function, instead, ..
        } = self;
        format!(
            "{function} is gone for scripts with the compatibility date {date} or a later one: use {instead}"
        )
    }
}

/// What is deprecated, by path: the platform's own functions, and what the host application says.
#[derive(Clone, Debug, Default)]
pub struct Deprecations(BTreeMap<Cow<'static, str>, Deprecation>);

impl Deprecations {
    /// The platform's own.
    pub(crate) fn own() -> Self {
        let all = OWN.into_iter();
        Self(all.map(|one| (one.function.clone(), one)).collect())
    }

    /// Those, and what the host application says of its services, or of the platform's functions.
    pub(crate) fn with(said: Vec<Deprecation>, services: &Registry) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let mut all = Self::own();
        for deprecation in said {
            let function = deprecation.function.as_ref();
            let of_service = function.strip_prefix("services.");
            let is_known = match of_service {
                Some(path) => services.find(path).is_some(),
                None => capabilities::bindings().any(|binding| binding.path == function),
            };
            if !is_known {
                let message = format!("{function} is no function of the script API");
                invalid.push("deprecations", "not_found", message);
            } else if deprecation
                .gone_from
                .is_some_and(|date| date < deprecation.since)
            {
                let message = format!("{function} cannot be gone before it is deprecated");
                invalid.push("deprecations", "out_of_range", message);
            } else if all.find(function).is_some() {
                let message = format!("{function} is deprecated already");
                invalid.push("deprecations", "not_unique", message);
            } else {
                all.0.insert(deprecation.function.clone(), deprecation);
            }
        }
        invalid.or(all)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That of a function.
    pub fn find(&self, function: &str) -> Option<&Deprecation> {
        self.0.get(function)
    }

    /// All of them, by path.
    pub fn iter(&self) -> impl Iterator<Item = &Deprecation> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;
    use scriptorium_model::compatibility::FIRST;

    use super::*;

    #[test]
    fn a_change_holds_from_its_date_on() {
        for (compatibility, holds) in [
            (FIRST, false),
            (date(2026, 11, 29), false),
            (date(2026, 11, 30), true),
            (date(2026, 12, 1), true),
        ] {
            let change = Change::StorageInTransactions;
            assert_eq!(change.holds_for(compatibility), holds, "{compatibility}");
        }
    }

    #[test]
    fn what_begins_between_two_dates_is_after_the_first_and_not_after_the_second() {
        let since = Change::StorageInTransactions.since();
        let before = since.yesterday().unwrap();
        for (compatibility, later, begins) in [
            (FIRST, before, 0),
            (FIRST, since, 1),
            (before, since, 1),
            (since, since, 0),
            (since, before, 0),
            (since, since.tomorrow().unwrap(), 0),
        ] {
            let found = Change::between(compatibility, later).count();
            assert_eq!(found, begins, "{compatibility} to {later}");
        }
    }

    /// Scripts of before there were dates have the first one, and nothing may change for them.
    #[test]
    fn changes_are_told_apart_and_none_is_as_old_as_the_first_date() {
        let names: HashSet<_> = Change::ALL.map(Change::as_str).into_iter().collect();
        assert_eq!(names.len(), Change::ALL.len());
        assert!(Change::ALL.iter().all(|change| change.since() > FIRST));
        assert!(Change::ALL.iter().is_sorted_by_key(|change| change.since()));
    }

    #[test]
    fn the_platforms_own_deprecations_are_of_functions_there_are() {
        let own = OWN.to_vec();
        for deprecation in own {
            let function = deprecation.function.as_ref();
            assert!(capabilities::find(function).is_some(), "{function}");
            assert!(
                deprecation
                    .gone_from
                    .is_none_or(|date| date >= deprecation.since)
            );
        }
    }

    #[test]
    fn what_cannot_be_deprecated_is_refused() {
        let old = || Deprecation::new("storage.exists", date(2027, 1, 1), "storage.get");
        let nowhere = Deprecation::new("storage.nothing", date(2027, 1, 1), "storage.get");
        let service = Deprecation::new("services.nobody.get", date(2027, 1, 1), "storage.get");
        for (said, codes) in [
            (vec![old()], vec![]),
            (vec![nowhere, service], vec!["not_found", "not_found"]),
            (vec![old(), old()], vec!["not_unique"]),
            (
                vec![old().gone_from(date(2026, 12, 31))],
                vec!["out_of_range"],
            ),
            (vec![old().gone_from(date(2027, 1, 1))], vec![]),
        ] {
            let found = Deprecations::with(said.clone(), &Registry::default());
            let errors = found.err().unwrap_or_default().errors;
            let found: Vec<_> = errors.iter().map(|error| error.code).collect();
            assert_eq!(found, codes, "{said:?}");
        }
    }
}
