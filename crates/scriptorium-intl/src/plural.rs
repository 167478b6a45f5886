//! `Intl.PluralRules`: which form a word has beside a number.

use std::sync::LazyLock;

use icu_plurals::{PluralCategory, PluralOperands, PluralRuleType};
use serde::{Deserialize, Serialize};

use crate::choice::words;
use crate::locale::{Language, Tag};
use crate::number::{Digits, unread};
use crate::{Locales, Options, Refusal, Value};

words!(
    /// What is counted: how many, or the how manieth.
    Kind { Cardinal = "cardinal", Ordinal = "ordinal" }
);

/// A resolved `Intl.PluralRules`; as JSON it is what `resolvedOptions` gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluralRules {
    locale: Tag,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(flatten)]
    digits: Digits,
    #[serde(skip_deserializing)]
    plural_categories: Vec<&'static str>,
}

impl PluralRules {
    /// What the options of the constructor come to.
    ///
    /// # Errors
    ///
    /// A tag or an option is not what the standard allows.
    pub fn resolve(locales: Locales<'_>, options: &Options) -> Result<Self, Refusal> {
        let found = locales.choose(options)?;
        let kind = options.word("type")?.unwrap_or(Kind::Cardinal);
        let digits = Digits::resolve(options, 0, 3, false)?;
        let locale = Tag::from(found);
        let plural_categories = rules(locale.language(), kind)
            .map(|rules| rules.categories().map(name).collect())
            .unwrap_or_default();
        Ok(Self {
            locale,
            kind,
            digits,
            plural_categories,
        })
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It did not write that.
    pub fn from_json(json: &str) -> Result<Self, Refusal> {
        let read: Self = serde_json::from_str(json).map_err(|_| unread())?;
        read.digits.check()?;
        Ok(read)
    }

    /// The resolved options as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The category of a number as it would be written.
    pub fn select(&self, value: &Value) -> &'static str {
        let Value::Exact(value) = value else {
            return name(PluralCategory::Other);
        };
        let rounded = self.digits.round(value);
        let operands = PluralOperands::from(&rounded);
        name(category(self.locale.language(), self.kind, operands))
    }
}

pub(crate) fn category(language: Language, kind: Kind, operands: PluralOperands) -> PluralCategory {
    rules(language, kind).map_or(PluralCategory::Other, |rules| rules.category_for(operands))
}

fn rules(language: Language, kind: Kind) -> Option<&'static icu_plurals::PluralRules> {
    static RULES: LazyLock<Vec<Option<icu_plurals::PluralRules>>> = LazyLock::new(|| {
        let kinds = [PluralRuleType::Cardinal, PluralRuleType::Ordinal];
        let pairs = Language::ALL
            .iter()
            .flat_map(|language| kinds.map(|kind| (*language, kind)));
        pairs
            .map(|(language, kind)| {
                icu_plurals::PluralRules::try_new(language.icu().into(), kind.into()).ok()
            })
            .collect()
    });
    RULES
        .get(language.index() * 2 + kind as usize)
        .and_then(Option::as_ref)
}

fn name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}
