//! Texts in the reader's language, from the catalogues in `locales/`. A missing text falls back to
//! English (R-I18N-04); `cargo xtask tidy` sees to it that none is missing.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{Loader, static_loader};
use unic_langid::LanguageIdentifier;

static_loader! {
    static CATALOGUES = {
        locales: "./locales",
        fallback_language: "en",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locale {
    En,
    Ru,
    Uz,
}

impl Locale {
    /// Every language with its own name for itself.
    pub(crate) const ALL: [(&'static str, &'static str); 3] =
        [("en", "English"), ("ru", "Русский"), ("uz", "Oʻzbekcha")];

    /// The language of a code such as `ru`.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "ru" => Some(Self::Ru),
            "uz" => Some(Self::Uz),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` value that the pages have. Browsers list the
    /// preferred one first, so weights are not read.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header
            .split(',')
            .filter_map(|entry| entry.trim().split(['-', ';']).next())
            .find_map(|code| Self::from_code(&code.to_ascii_lowercase()))
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        static IDENTIFIERS: LazyLock<[LanguageIdentifier; 3]> =
            LazyLock::new(|| ["en", "ru", "uz"].map(|code| code.parse().unwrap_or_default()));
        &IDENTIFIERS[self as usize]
    }
}

/// The catalogue of one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts(pub(crate) Locale);

impl Texts {
    /// The code of the language.
    pub(crate) fn locale(&self) -> &'static str {
        Locale::ALL[self.0 as usize].0
    }

    /// The text of a key.
    pub(crate) fn get(&self, key: &str) -> String {
        CATALOGUES.lookup(self.0.identifier(), key)
    }

    /// The text of a value's name: `named("script-type", "http")` is the text `script-type-http`.
    pub(crate) fn named(&self, family: &str, name: &str) -> String {
        self.get(&format!("{family}-{name}"))
    }

    /// The text of a key with one place filled.
    pub(crate) fn with(&self, key: &str, name: &'static str, value: impl Display) -> String {
        self.filled(key, [(name, FluentValue::from(value.to_string()))])
    }

    /// The text of a key for so many of something, in the plural form of the language.
    pub(crate) fn count(&self, key: &str, n: impl Borrow<u64>) -> String {
        self.filled(key, [("n", FluentValue::from(*n.borrow()))])
    }

    /// The text of a key with several places filled.
    pub(crate) fn filled<const N: usize>(
        &self,
        key: &str,
        values: [(&'static str, FluentValue<'static>); N],
    ) -> String {
        let arguments: HashMap<Cow<'static, str>, FluentValue<'static>> = values
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value))
            .collect();
        CATALOGUES.lookup_with_args(self.0.identifier(), key, &arguments)
    }

    /// The texts that the browser shows by itself, as one JSON object. Places keep their `{name}`
    /// form, for the browser to fill.
    pub(crate) fn for_browser(&self) -> serde_json::Value {
        let open = |name: &'static str| (name, FluentValue::from(format!("{{{name}}}")));
        BROWSER_KEYS
            .lines()
            .filter(|key| !key.is_empty())
            .map(|key| {
                let places = [
                    "n", "version", "reason", "message", "min", "max", "line", "column", "s",
                    "time", "said", "part", "at", "done", "total", "pattern",
                ];
                let text = self.filled(key, places.map(open));
                (key.to_owned(), serde_json::Value::String(text))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// Keys of the texts that `web/src` uses, one a line.
const BROWSER_KEYS: &str = include_str!("../locales/browser.keys");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn check_count(locale: Locale, n: u64, expected: &str) {
        assert_eq!(Texts(locale).count("logs-dropped", n), expected);
    }

    #[test]
    fn russian_counts_in_its_three_plural_forms() {
        check_count(Locale::Ru, 1, "1 строка не сохранена: превышен предел.");
        check_count(Locale::Ru, 3, "3 строки не сохранены: превышен предел.");
        check_count(Locale::Ru, 11, "11 строк не сохранено: превышен предел.");
        check_count(Locale::Ru, 21, "21 строка не сохранена: превышен предел.");
    }

    #[test]
    fn the_first_known_language_of_the_browser_is_taken() {
        let check = |header, expected| assert_eq!(Locale::accepted(header), expected, "{header}");
        check("uz-Latn-UZ,ru;q=0.8", Some(Locale::Uz));
        check("fr, RU;q=0.8", Some(Locale::Ru));
        check("de", None);
        check("", None);
    }

    #[test]
    fn every_browser_text_exists_in_every_language() {
        for locale in [Locale::En, Locale::Ru, Locale::Uz] {
            let texts = Texts(locale).for_browser();
            for (key, text) in texts.as_object().unwrap() {
                let text = text.as_str().unwrap();
                assert!(
                    !text.starts_with("Unknown localization"),
                    "{locale:?} {key}"
                );
                assert!(!text.contains('$'), "{locale:?} {key}: {text}");
            }
        }
    }

    #[test]
    fn every_browser_text_is_listed() {
        let catalogue = include_str!("../locales/en/browser.ftl");
        let written = catalogue.lines().filter_map(|line| line.split_once(" = "));
        let written: Vec<_> = written.map(|(key, _)| key).collect();
        let listed: Vec<_> = BROWSER_KEYS.lines().collect();
        assert_eq!(written, listed);
    }

    #[test]
    fn every_text_that_pages_name_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let named: Vec<String> = ["templates", "templates/parts", "src", "src/pages"]
            .iter()
            .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !path.ends_with("texts.rs"))
            .flat_map(|path| keys_in(&fs::read_to_string(path).unwrap()))
            .collect();
        assert!(named.len() > 100, "{}", named.len());
        let places = [
            "n",
            "name",
            "next",
            "permission",
            "reason",
            "minutes",
            "times",
            "time",
            "weekdays",
        ];
        let filled = places.map(|name| (Cow::Borrowed(name), FluentValue::from(1)));
        let filled = HashMap::from(filled);
        for key in named {
            let english = Locale::En.identifier();
            let found = CATALOGUES.lookup_no_default_fallback(english, &key, Some(&filled));
            assert!(found.is_some(), "{key}");
        }
    }

    fn keys_in(text: &str) -> Vec<String> {
        ["t.get(\"", "t.with(\"", "t.count(\""]
            .iter()
            .flat_map(|call| text.split(call).skip(1))
            .filter_map(|after| after.split('"').next())
            .map(str::to_owned)
            .collect()
    }
}
