//! What the prelude asks the host for when a script uses `Intl` or a `toLocaleString`. The work is
//! `scriptorium_intl`'s; a format is a text here, which the script's side keeps and sends back, so
//! that nothing has to be held for a run. Errors of the language are answers, of which the prelude
//! makes `RangeError` and `TypeError`.

use scriptorium_engine::HostError;
use scriptorium_intl::{
    Collator, DateTimeFormat, Locales, NumberFormat, Options, Part, PluralRules, Purpose, Refusal,
    Value as Number,
};
use serde_json::{Value, json};

use super::args::{Args, Check, Param, required};
use super::language::internal;
use super::{Binding, How, text};
use crate::host::Run;

/// Longest list of languages, and largest options, in bytes of JSON.
const ASKED_BYTES: usize = 64 << 10;
/// Longest format, in bytes.
const FORMAT_BYTES: usize = 4 << 10;
/// Longest number, in bytes: what is longer is refused with a reason by the format.
const NUMBER_BYTES: usize = 64 << 10;
/// Longest text to be compared, in bytes: some milliseconds of work.
const TEXT_BYTES: usize = 128 << 10;

const KINDS: &[&str] = &[
    "number", "plural", "collator", "format", "both", "date", "time",
];
const FORMAT: Param = required("format", "", Check::Text(FORMAT_BYTES));
const NUMBER: Param = required("number", "", Check::Text(NUMBER_BYTES));
const TAGS: Param = required("locales", "", Check::Json(ASKED_BYTES));

/// The calls of the prelude; no script has a function for them.
pub(super) static BINDINGS: [Binding; 9] = [
    internal("internal.canonicalLocales", &[TAGS], How::Sync(canonical)),
    internal("internal.supportedLocales", &[TAGS], How::Sync(supported)),
    internal(
        "internal.makeFormat",
        &[
            required("kind", "", Check::Word(KINDS)),
            TAGS,
            required("options", "", Check::Json(ASKED_BYTES)),
        ],
        How::Sync(make),
    ),
    internal(
        "internal.writeNumber",
        &[FORMAT, NUMBER],
        How::Sync(|_, mut args| {
            answer(number(&mut args).map(|(format, number)| format.format(&number)))
        }),
    ),
    internal(
        "internal.writeNumberParts",
        &[FORMAT, NUMBER],
        How::Sync(|_, mut args| {
            answer(number(&mut args).map(|(format, number)| flat(&format.parts(&number))))
        }),
    ),
    internal(
        "internal.writeDate",
        &[FORMAT, required("millis", "", Check::Text(40))],
        How::Sync(|_, mut args| {
            answer(date(&mut args).and_then(|(format, millis)| format.format(millis)))
        }),
    ),
    internal(
        "internal.writeDateParts",
        &[FORMAT, required("millis", "", Check::Text(40))],
        How::Sync(|_, mut args| {
            let parts = date(&mut args).and_then(|(format, millis)| format.parts(millis));
            answer(parts.map(|parts| flat(&parts)))
        }),
    ),
    internal(
        "internal.pluralForm",
        &[FORMAT, NUMBER],
        How::Sync(|_, mut args| answer(plural(&mut args))),
    ),
    internal(
        "internal.sortKey",
        &[FORMAT, required("text", "", Check::Text(TEXT_BYTES))],
        How::Sync(|_, mut args| {
            let (format, of) = (taken(&mut args, 0), taken(&mut args, 1));
            answer(Collator::from_json(&format).map(|collator| collator.key(&of)))
        }),
    ),
];

/// What a refusal looks like to the prelude, or the answer.
fn answer(result: Result<impl Into<Value>, Refusal>) -> Result<String, HostError> {
    Ok(match result {
        Ok(value) => text(value),
        Err(Refusal::Range(message)) => text(json!({ "refused": message, "range": true })),
        Err(Refusal::Type(message)) => text(json!({ "refused": message, "range": false })),
    })
}

fn taken(args: &mut Args, index: usize) -> String {
    args.text(index).unwrap_or_default()
}

fn tags(args: &mut Args, index: usize) -> Vec<String> {
    serde_json::from_str(args.json(index).as_str()).unwrap_or_default()
}

fn canonical(_: &Run, mut args: Args) -> Result<String, HostError> {
    answer(scriptorium_intl::canonical(&tags(&mut args, 0)))
}

fn supported(_: &Run, mut args: Args) -> Result<String, HostError> {
    answer(scriptorium_intl::supported(&tags(&mut args, 0)))
}

/// The format that options come to: its text for later calls, and the options as JSON text.
fn make(run: &Run, mut args: Args) -> Result<String, HostError> {
    let kind = taken(&mut args, 0);
    let requested = tags(&mut args, 1);
    let options = serde_json::from_str::<serde_json::Map<String, Value>>(args.json(2).as_str());
    let options = Options::from(options.unwrap_or_default());
    let locales = Locales {
        requested: &requested,
        default: &run.job.locale,
    };
    let same = |json: String| [json.clone(), json];
    answer(
        match kind.as_str() {
            "number" => NumberFormat::resolve(locales, &options).map(|made| same(made.to_json())),
            "plural" => PluralRules::resolve(locales, &options).map(|made| same(made.to_json())),
            "collator" => Collator::resolve(locales, &options).map(|made| same(made.to_json())),
            purpose => {
                let purpose = Purpose::of(purpose).unwrap_or(Purpose::Format);
                let zone = run.zone.iana_name().unwrap_or("UTC");
                DateTimeFormat::resolve(locales, &options, purpose, zone)
                    .map(|(made, resolved)| [made.to_json(), resolved])
            }
        }
        .map(Vec::from),
    )
}

fn number(args: &mut Args) -> Result<(NumberFormat, Number), Refusal> {
    let format = NumberFormat::from_json(&taken(args, 0))?;
    Ok((format, Number::read(&taken(args, 1))?))
}

fn date(args: &mut Args) -> Result<(DateTimeFormat, f64), Refusal> {
    let format = DateTimeFormat::from_json(&taken(args, 0))?;
    Ok((format, taken(args, 1).parse().unwrap_or(f64::NAN)))
}

fn plural(args: &mut Args) -> Result<&'static str, Refusal> {
    let rules = PluralRules::from_json(&taken(args, 0))?;
    Ok(rules.select(&Number::read(&taken(args, 1))?))
}

/// Kind, text, kind, text, …
fn flat(parts: &[Part]) -> Value {
    let flat = parts
        .iter()
        .flat_map(|part| [part.kind, part.text.as_str()]);
    flat.collect()
}
