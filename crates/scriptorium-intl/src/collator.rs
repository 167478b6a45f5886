//! `Intl.Collator`: which text comes before which, by ICU4X.

use std::cmp::Ordering;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use serde::{Deserialize, Serialize};

use crate::choice::words;
use crate::locale::{Found, Tag};
use crate::number::unread;
use crate::{Locales, Options, Refusal};

/// A resolved `Intl.Collator`; as JSON it is what `resolvedOptions` gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collator {
    locale: Tag,
    usage: Usage,
    sensitivity: Sensitivity,
    ignore_punctuation: bool,
    collation: Collation,
    numeric: bool,
    case_first: CaseFirst,
}

words!(Usage { Sort = "sort", Search = "search" });
words!(Sensitivity { Base = "base", Accent = "accent", Case = "case", Variant = "variant" });
words!(
    /// The only order there is for a language.
    Collation { Default = "default" }
);
words!(CaseFirst { Upper = "upper", Lower = "lower", False = "false" });

impl Collator {
    /// What the options of the constructor come to.
    ///
    /// # Errors
    ///
    /// A tag or an option is not what the standard allows.
    pub fn resolve(locales: Locales<'_>, options: &Options) -> Result<Self, Refusal> {
        let mut found = locales.choose(options)?;
        options.kind("collation")?;
        let usage = options.word("usage")?.unwrap_or(Usage::Sort);
        let numeric = read_numeric(options, &mut found);
        let case_first = read_case_first(options, &mut found)?;
        let sensitivity = options.word("sensitivity")?.unwrap_or(Sensitivity::Variant);
        Ok(Self {
            locale: found.into(),
            usage,
            sensitivity,
            ignore_punctuation: options.flag("ignorePunctuation").unwrap_or(false),
            collation: Collation::Default,
            numeric,
            case_first,
        })
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It did not write that.
    pub fn from_json(json: &str) -> Result<Self, Refusal> {
        serde_json::from_str(json).map_err(|_| unread())
    }

    /// The resolved options as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Which of two texts comes first.
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        match self.icu() {
            Some(collator) => collator.compare(a, b),
            None => a.cmp(b),
        }
    }

    /// Letters that compare as the texts do that they are made from: `compare` of many texts is
    /// cheap with the keys of each.
    pub fn key(&self, text: &str) -> String {
        let mut key = Vec::with_capacity(2 * text.len());
        match self.icu() {
            Some(collator) => {
                // Bytes in memory take everything.
                let Ok(()) = collator.write_sort_key_to(text, &mut key);
            }
            None => key.extend_from_slice(text.as_bytes()),
        }
        hex(&key)
    }

    fn icu(&self) -> Option<CollatorBorrowed<'static>> {
        let mut preferences = CollatorPreferences::from(self.locale.language().icu());
        preferences.numeric_ordering = Some(if self.numeric {
            CollationNumericOrdering::True
        } else {
            CollationNumericOrdering::False
        });
        preferences.case_first = Some(match self.case_first {
            CaseFirst::Upper => CollationCaseFirst::Upper,
            CaseFirst::Lower => CollationCaseFirst::Lower,
            CaseFirst::False => CollationCaseFirst::False,
        });
        let mut options = CollatorOptions::default();
        options.strength = Some(match self.sensitivity {
            Sensitivity::Base | Sensitivity::Case => Strength::Primary,
            Sensitivity::Accent => Strength::Secondary,
            Sensitivity::Variant => Strength::Tertiary,
        });
        if self.sensitivity == Sensitivity::Case {
            options.case_level = Some(CaseLevel::On);
        }
        options.alternate_handling = Some(if self.ignore_punctuation {
            AlternateHandling::Shifted
        } else {
            AlternateHandling::NonIgnorable
        });
        icu_collator::Collator::try_new(preferences, options).ok()
    }
}

fn read_numeric(options: &Options, found: &mut Found) -> bool {
    let tagged = match found.keyword("kn").as_deref() {
        Some("" | "true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    let asked = options.flag("numeric");
    if let Some(tagged) = tagged
        && asked.is_none_or(|asked| asked == tagged)
    {
        found.keep("kn", if tagged { "" } else { "false" });
        return tagged;
    }
    asked.unwrap_or(false)
}

fn read_case_first(options: &Options, found: &mut Found) -> Result<CaseFirst, Refusal> {
    let tagged = match found.keyword("kf").as_deref() {
        Some("upper") => Some((CaseFirst::Upper, "upper")),
        Some("lower") => Some((CaseFirst::Lower, "lower")),
        Some("false") => Some((CaseFirst::False, "false")),
        _ => None,
    };
    let asked = options.word::<CaseFirst>("caseFirst")?;
    if let Some((case, word)) = tagged
        && asked.is_none_or(|asked| asked == case)
    {
        found.keep("kf", word);
        return Ok(case);
    }
    Ok(asked.unwrap_or(CaseFirst::False))
}

/// Two letters per byte, which keep the order and are the same as JSON.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let letters = bytes.iter().flat_map(|byte| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]
    });
    letters.collect()
}
