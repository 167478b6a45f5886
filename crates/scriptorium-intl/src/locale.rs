//! Language tags (BCP 47) and the choice among the languages there are: the lookup of ECMA-402.

use icu_locale_core::Locale;
use icu_locale_core::extensions::unicode::Key;
use serde::{Deserialize, Serialize};

use crate::choice::words;
use crate::{Options, Refusal, shown};

/// Longest tag, in bytes.
const TAG_BYTES: usize = 200;
/// Most tags in a list.
const TAGS: usize = 100;

/// A language with its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    BritishEnglish,
    Russian,
    Uzbek,
}

/// What there is, most particular first; the tag that is found is the one reported.
const AVAILABLE: [(&str, Language); 9] = [
    ("en-GB", Language::BritishEnglish),
    ("en-US", Language::English),
    ("en", Language::English),
    ("ru-RU", Language::Russian),
    ("ru", Language::Russian),
    ("uz-Latn-UZ", Language::Uzbek),
    ("uz-Latn", Language::Uzbek),
    ("uz-UZ", Language::Uzbek),
    ("uz", Language::Uzbek),
];

impl Language {
    pub(crate) const ALL: [Self; 4] = [
        Self::English,
        Self::BritishEnglish,
        Self::Russian,
        Self::Uzbek,
    ];

    /// The language of a tag that was reported; English for any other.
    pub(crate) fn of(tag: &str) -> Self {
        let tag = tag.split("-u-").next().unwrap_or_default();
        let known = AVAILABLE.iter().find(|(known, _)| *known == tag);
        known.map_or(Self::English, |(_, language)| *language)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// For what is chosen by ICU4X.
    pub(crate) fn icu(self) -> Locale {
        let tag = match self {
            Self::English => "en",
            Self::BritishEnglish => "en-GB",
            Self::Russian => "ru",
            Self::Uzbek => "uz",
        };
        Locale::try_from_str(tag).unwrap_or(Locale::UNKNOWN)
    }
}

/// Whose language a call asks for: a list of tags, and the one that holds when none of them is there.
#[derive(Debug, Clone, Copy)]
pub struct Locales<'a> {
    /// As the script gave them.
    pub requested: &'a [String],
    /// That of the run.
    pub default: &'a str,
}

words!(
    /// Both are the same here.
    Matcher { Lookup = "lookup", BestFit = "best fit" }
);

/// What was found for a request.
pub(crate) struct Found {
    /// The tag without extensions.
    pub(crate) tag: String,
    /// The extensions that were asked for.
    requested: Locale,
    /// Those that are in force.
    kept: Vec<(&'static str, String)>,
}

impl Found {
    /// The value of an extension, such as `h23` of `-u-hc-h23`; empty when it has none.
    pub(crate) fn keyword(&self, name: &str) -> Option<String> {
        let key = Key::try_from_str(name).ok()?;
        let value = self.requested.extensions.unicode.keywords.get(&key)?;
        Some(value.to_string())
    }

    /// The extension is in force, and the reported tag says so.
    pub(crate) fn keep(&mut self, name: &'static str, value: &str) {
        self.kept.push((name, value.to_owned()));
    }

    /// Keeps `-u-nu-latn`: there are no other digits.
    pub(crate) fn keep_digits(&mut self) {
        if self.keyword("nu").as_deref() == Some("latn") {
            self.keep("nu", "latn");
        }
    }

    /// The tag as `resolvedOptions` shows it.
    pub(crate) fn reported(mut self) -> String {
        self.kept.sort_unstable();
        let mut tag = self.tag;
        for (index, (name, value)) in self.kept.iter().enumerate() {
            tag.push_str(if index == 0 { "-u-" } else { "-" });
            tag.push_str(name);
            if !value.is_empty() {
                tag.push('-');
                tag.push_str(value);
            }
        }
        tag
    }
}

impl Locales<'_> {
    /// The first of the requested languages that there is.
    pub(crate) fn choose(&self, options: &Options) -> Result<Found, Refusal> {
        options.word::<Matcher>("localeMatcher")?;
        for locale in parse(self.requested)? {
            if let Some(tag) = available(&locale) {
                return Ok(Found {
                    tag: tag.to_owned(),
                    requested: locale,
                    kept: Vec::new(),
                });
            }
        }
        let default = Locale::try_from_str(self.default).unwrap_or(Locale::UNKNOWN);
        Ok(Found {
            tag: available(&default).unwrap_or("en").to_owned(),
            requested: Locale::UNKNOWN,
            kept: Vec::new(),
        })
    }
}

/// The tags in their regular form, each once.
///
/// # Errors
///
/// One of them is no language tag.
pub fn canonical(tags: &[String]) -> Result<Vec<String>, Refusal> {
    let mut list = Vec::new();
    for locale in parse(tags)? {
        let tag = locale.to_string();
        if !list.contains(&tag) {
            list.push(tag);
        }
    }
    Ok(list)
}

/// Those of the tags whose language there is.
///
/// # Errors
///
/// One of them is no language tag.
pub fn supported(tags: &[String]) -> Result<Vec<String>, Refusal> {
    let mut list = canonical(tags)?;
    list.retain(|tag| {
        let locale = Locale::try_from_str(tag);
        locale.is_ok_and(|locale| available(&locale).is_some())
    });
    Ok(list)
}

fn parse(tags: &[String]) -> Result<Vec<Locale>, Refusal> {
    if tags.len() > TAGS {
        return Err(Refusal::range(format!(
            "at most {TAGS} languages can be asked for"
        )));
    }
    tags.iter().map(|tag| read(tag)).collect()
}

fn read(tag: &str) -> Result<Locale, Refusal> {
    let refuse = || {
        Refusal::range(format!(
            "Incorrect locale information provided: {}",
            shown(tag)
        ))
    };
    if tag.len() > TAG_BYTES || tag.contains('_') {
        return Err(refuse());
    }
    Locale::try_from_str(tag).map_err(|_| refuse())
}

/// The longest beginning of the tag that there is.
fn available(locale: &Locale) -> Option<&'static str> {
    let mut tag = locale.id.to_string();
    loop {
        if let Some((known, _)) = AVAILABLE.iter().find(|(known, _)| *known == tag) {
            return Some(known);
        }
        let cut = tag.rfind('-')?;
        tag.truncate(cut);
    }
}

/// The tag that is part of a resolved description, and its language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag(String);

impl From<Found> for Tag {
    fn from(found: Found) -> Self {
        Self(found.reported())
    }
}

impl Tag {
    pub(crate) fn language(&self) -> Language {
        Language::of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(requested: &[&str], default: &str, tag: &str) {
        let requested: Vec<String> = requested.iter().map(|tag| (*tag).to_owned()).collect();
        let locales = Locales {
            requested: &requested,
            default,
        };
        assert_eq!(locales.choose(&Options::default()).unwrap().tag, tag);
    }

    #[test]
    fn first_language_there_is_wins() {
        check(&[], "en", "en");
        check(&[], "uz", "uz");
        check(&[], "de", "en");
        check(&[], "not a tag", "en");
        check(&["ru-RU"], "en", "ru-RU");
        check(&["ru-KZ"], "en", "ru");
        check(&["uz-latn-uz"], "en", "uz-Latn-UZ");
        check(&["uz-Cyrl-UZ"], "en", "uz");
        check(&["en-AU"], "ru", "en");
        check(&["en-gb"], "ru", "en-GB");
        check(&["de", "fr", "ru"], "en", "ru");
        check(&["de"], "ru", "ru");
        check(&["en-u-nu-arab"], "ru", "en");
    }

    #[track_caller]
    fn canonical_is(tag: &str, regular: Option<&str>) {
        let got = canonical(&[tag.to_owned()]).ok();
        let wanted = regular.map(|tag| vec![tag.to_owned()]);
        assert_eq!(got, wanted, "{tag}");
    }

    #[test]
    fn tags_are_made_regular_or_refused() {
        canonical_is("EN-us", Some("en-US"));
        canonical_is("uz-latn-uz", Some("uz-Latn-UZ"));
        canonical_is("ru-u-kn-true", Some("ru-u-kn"));
        canonical_is("en_US", None);
        canonical_is("", None);
        canonical_is("a", None);
        canonical_is("en-", None);
        canonical_is("русский", None);
        canonical_is(&"en-".repeat(100), None);
    }

    #[test]
    fn only_what_is_there_is_supported() {
        let tags = ["de", "ru", "en-AU", "RU"].map(str::to_owned);
        assert_eq!(supported(&tags).unwrap(), ["ru", "en-AU"]);
    }
}
