//! Whatever a stranger sends is answered or refused; nothing breaks, and parts make up the text.

use proptest::prelude::*;
use scriptorium_intl::{
    Collator, DateTimeFormat, Locales, NumberFormat, Options, PluralRules, Purpose,
    Value as Number, canonical, joined, supported,
};
use serde_json::{Map, Value, json};

/// Names and values of options, which are mixed at random: most come to something.
const NAMES: [&str; 44] = [
    "localeMatcher",
    "numberingSystem",
    "style",
    "currency",
    "currencyDisplay",
    "currencySign",
    "unit",
    "unitDisplay",
    "notation",
    "minimumIntegerDigits",
    "minimumFractionDigits",
    "maximumFractionDigits",
    "minimumSignificantDigits",
    "maximumSignificantDigits",
    "roundingIncrement",
    "roundingMode",
    "roundingPriority",
    "trailingZeroDisplay",
    "compactDisplay",
    "useGrouping",
    "signDisplay",
    "calendar",
    "hour12",
    "hourCycle",
    "timeZone",
    "weekday",
    "era",
    "year",
    "month",
    "day",
    "dayPeriod",
    "hour",
    "minute",
    "second",
    "fractionalSecondDigits",
    "timeZoneName",
    "dateStyle",
    "timeStyle",
    "type",
    "usage",
    "collation",
    "numeric",
    "caseFirst",
    "sensitivity",
];
const WORDS: [&str; 62] = [
    "decimal",
    "percent",
    "currency",
    "unit",
    "USD",
    "uzs",
    "XTS",
    "code",
    "symbol",
    "narrowSymbol",
    "name",
    "accounting",
    "standard",
    "kilometer",
    "percent-per-liter",
    "mile-per-hour-per-day",
    "short",
    "long",
    "narrow",
    "scientific",
    "engineering",
    "compact",
    "ceil",
    "halfEven",
    "trunc",
    "morePrecision",
    "lessPrecision",
    "auto",
    "stripIfInteger",
    "min2",
    "always",
    "never",
    "exceptZero",
    "negative",
    "latn",
    "arab",
    "gregory",
    "h11",
    "h12",
    "h23",
    "h24",
    "Asia/Tashkent",
    "America/New_York",
    "-05:30",
    "Etc/GMT+12",
    "2-digit",
    "numeric",
    "full",
    "medium",
    "shortOffset",
    "longGeneric",
    "shortGeneric",
    "ordinal",
    "cardinal",
    "search",
    "upper",
    "lower",
    "false",
    "base",
    "case",
    "accent",
    "variant",
];
const TAGS: [&str; 12] = [
    "en",
    "en-GB",
    "ru-RU",
    "uz-Latn-UZ",
    "de",
    "ru-u-kn-true-kf-upper",
    "en-u-hc-h23-nu-latn",
    "uz-u-ca-gregory",
    "",
    "x",
    "zh-Hant-TW-u-co-pinyin",
    "en-u-hc",
];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::from),
        2 => (-1..130_i32).prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<String>().prop_map(Value::from),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let pair = (proptest::sample::select(&NAMES[..]), value());
    proptest::collection::vec(pair, 0..6).prop_map(|pairs| {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Options::from(pairs.collect::<Map<_, _>>())
    })
}

fn tag() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => proptest::sample::select(&TAGS[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<f64>().prop_map(|number| number.to_string()),
        2 => "-?[0-9]{0,40}(\\.[0-9]{0,40})?(e[-+]?[0-9]{1,5})?",
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn numbers_are_written_or_refused(tag in tag(), options in options(), text in number()) {
        let requested = [tag];
        let locales = Locales { requested: &requested, default: "uz" };
        let Ok(number) = Number::read(&text) else { return Ok(()) };
        if let Ok(format) = NumberFormat::resolve(locales, &options) {
            let format = NumberFormat::from_json(&format.to_json()).unwrap();
            prop_assert_eq!(joined(&format.parts(&number)), format.format(&number));
        }
        if let Ok(rules) = PluralRules::resolve(locales, &options) {
            prop_assert!(!rules.select(&number).is_empty());
        }
    }

    #[test]
    fn dates_are_written_or_refused(tag in tag(), options in options(), millis in prop_oneof![any::<f64>(), -9e15..9e15, -1e12..4e12], purpose in 0..4_usize) {
        let requested = [tag];
        let locales = Locales { requested: &requested, default: "ru" };
        let purpose = [Purpose::Format, Purpose::Both, Purpose::Date, Purpose::Time][purpose];
        if let Ok((format, resolved)) = DateTimeFormat::resolve(locales, &options, purpose, "Asia/Tashkent") {
            prop_assert!(serde_json::from_str::<Value>(&resolved).unwrap().is_object());
            let format = DateTimeFormat::from_json(&format.to_json()).unwrap();
            if let Ok(parts) = format.parts(millis) {
                prop_assert_eq!(joined(&parts), format.format(millis).unwrap());
            }
        }
    }

    #[test]
    fn texts_have_an_order_and_keys_that_keep_it(tag in tag(), options in options(), a in any::<String>(), b in any::<String>()) {
        let requested = [tag];
        let locales = Locales { requested: &requested, default: "en" };
        if let Ok(collator) = Collator::resolve(locales, &options) {
            prop_assert_eq!(collator.compare(&a, &b), collator.compare(&b, &a).reverse());
            prop_assert_eq!(collator.compare(&a, &b), collator.key(&a).cmp(&collator.key(&b)));
        }
    }

    #[test]
    fn formats_of_strangers_are_read_or_refused(text in any::<String>(), pattern in "[GyMLEcdaBhHKkmsSzOvQ'{}0 -]{0,40}", zone in tag()) {
        let _ = NumberFormat::from_json(&text);
        let _ = PluralRules::from_json(&text);
        let _ = Collator::from_json(&text);
        let format = json!({ "locale": "ru", "timeZone": zone, "pattern": pattern }).to_string();
        for zone in [format.clone(), format.replace(&zone, "UTC")] {
            if let Ok(format) = DateTimeFormat::from_json(&zone) {
                format.parts(1e12).unwrap();
            }
        }
        let tags = [text];
        let _ = (canonical(&tags), supported(&tags));
    }
}
