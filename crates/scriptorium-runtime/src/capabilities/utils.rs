//! `utils`: helpers that need nothing of the tenant but its zone and its templates (R-JUTL).

mod calendar;
mod crypto;
mod csv;
mod date;
mod decimal;
mod jwt;
mod schema;
pub(crate) mod template;
mod xml;

use scriptorium_engine::CallClass;

use super::args::{Check, Param, optional, required};
use super::{Binding, Capability, Give, How, Reach, text};

const DATE: Param = required("date", "DateLike", Check::Instant);
const DATA: Param = required("data", "string | Uint8Array", Check::Bytes);
const ALGORITHM: Param = optional(
    "algorithm",
    "\"sha256\" | \"sha384\" | \"sha512\"",
    Check::Word(crypto::ALGORITHMS),
);
const ENCODING: Param = optional(
    "encoding",
    "\"hex\" | \"base64\"",
    Check::Word(crypto::ENCODINGS),
);

const ZONE: Param = optional("timezone", "string", Check::Text(100));
const UNIT: Param = required("unit", "DateUnit", Check::Word(calendar::UNITS));
const EDGE: Param = required("unit", "DateEdge", Check::Word(calendar::EDGES));
const DECIMAL: &str = "string | number";
const A: Param = required("a", DECIMAL, Check::Json(100));
const B: Param = required("b", DECIMAL, Check::Json(100));
const AMOUNT: Param = required("amount", DECIMAL, Check::Json(100));
const CURRENCY: Param = required("currency", "string", Check::Text(3));
const DIGITS: Param = optional("digits", "number", Check::Integer(0, decimal::DIGITS));
const ROUNDING: Param = optional("rounding", "Rounding", Check::Word(decimal::ROUNDINGS));
const KEY: Param = required("key", "string | Uint8Array", Check::Bytes);

/// A helper of the host, at once.
const fn pure(
    path: &'static str,
    params: &'static [Param],
    returns: &'static str,
    doc: &'static str,
    handler: fn(
        &crate::host::Run,
        super::args::Args,
    ) -> Result<String, scriptorium_engine::HostError>,
) -> Binding {
    helper(path, params, returns, doc, How::Sync(handler), Give::Plain)
}

/// One whose answer is a date.
const fn dated(
    path: &'static str,
    params: &'static [Param],
    doc: &'static str,
    handler: fn(
        &crate::host::Run,
        super::args::Args,
    ) -> Result<String, scriptorium_engine::HostError>,
) -> Binding {
    helper(path, params, "Date", doc, How::Sync(handler), Give::Date)
}

/// One of the prelude.
const fn guest(
    path: &'static str,
    generics: &'static str,
    params: &'static [Param],
    returns: &'static str,
    doc: &'static str,
) -> Binding {
    Binding {
        generics,
        ..helper(path, params, returns, doc, How::Guest, Give::Plain)
    }
}

const fn helper(
    path: &'static str,
    params: &'static [Param],
    returns: &'static str,
    doc: &'static str,
    how: How,
    give: Give,
) -> Binding {
    Binding {
        path,
        generics: "",
        params,
        returns,
        doc,
        class: CallClass::Free,
        needs: None,
        reach: Reach::Arguments,
        how,
        give,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "utils",
    doc: "Helpers: identifiers, dates, exact decimals and money, digests and tokens, CSV, XML, JSON schemas, message templates.",
    bindings: &[
        helper(
            "utils.uuid",
            &[],
            "string",
            "A new UUID, version 7.",
            How::Sync(|run, _| Ok(text(run.world.ambient.new_id::<uuid::Uuid>().to_string()))),
            Give::Plain,
        ),
        helper(
            "utils.date.now",
            &[],
            "Date",
            "The present instant.",
            How::Guest,
            Give::Plain,
        ),
        helper(
            "utils.date.format",
            &[
                DATE,
                optional("format", "string", Check::Text(date::FORMAT_BYTES)),
            ],
            "string",
            "A date as text in the zone of the execution. Tokens: YYYY YY MMMM MMM MM M dddd ddd DD D HH H hh h mm m ss s SSS A a Z ZZ; [text] stands for itself. Default YYYY-MM-DD.",
            How::Sync(date::format),
            Give::Plain,
        ),
        helper(
            "utils.date.parse",
            &[
                required("text", "string", Check::Text(100)),
                optional("format", "string", Check::Text(date::FORMAT_BYTES)),
            ],
            "Date",
            "A date from text by the same tokens; ISO 8601 without a format. Text without an offset is in the zone of the execution.",
            How::Sync(date::parse),
            Give::Date,
        ),
        helper(
            "utils.date.addDays",
            &[
                DATE,
                required("days", "number", Check::Integer(-4_000_000, 4_000_000)),
            ],
            "Date",
            "The same local time a number of days later, or earlier.",
            How::Sync(date::add_days),
            Give::Date,
        ),
        dated(
            "utils.date.add",
            &[
                DATE,
                required(
                    "amount",
                    "number",
                    Check::Integer(-calendar::MOST, calendar::MOST),
                ),
                UNIT,
                ZONE,
            ],
            "A number of units later, or earlier, on the clock of the execution's zone or another: a day is the same local time, a month the same day or the last one there is.",
            calendar::add,
        ),
        pure(
            "utils.date.difference",
            &[
                required("a", "DateLike", Check::Instant),
                required("b", "DateLike", Check::Instant),
                UNIT,
                ZONE,
            ],
            "number",
            "How many whole units a is after b; negative when it is before.",
            calendar::difference,
        ),
        dated(
            "utils.date.startOf",
            &[DATE, EDGE, ZONE],
            "The beginning of the year, quarter, month, week (Monday), day, hour, minute or second in the execution's zone or another.",
            calendar::start_of,
        ),
        dated(
            "utils.date.endOf",
            &[DATE, EDGE, ZONE],
            "The last millisecond of it.",
            calendar::end_of,
        ),
        pure(
            "utils.decimal.add",
            &[A, B],
            "string",
            "a + b, exactly; decimals are texts such as \"12.50\", with up to 28 digits.",
            decimal::add,
        ),
        pure(
            "utils.decimal.subtract",
            &[A, B],
            "string",
            "a - b, exactly.",
            decimal::subtract,
        ),
        pure(
            "utils.decimal.multiply",
            &[A, B],
            "string",
            "a * b, exactly as far as there are digits.",
            decimal::multiply,
        ),
        pure(
            "utils.decimal.divide",
            &[A, B, DIGITS, ROUNDING],
            "string",
            "a / b, rounded to so many digits behind the point; 20 at most unless it is said.",
            decimal::divide,
        ),
        pure(
            "utils.decimal.round",
            &[
                required("value", DECIMAL, Check::Json(100)),
                DIGITS,
                ROUNDING,
            ],
            "string",
            "Rounded to so many digits behind the point, 0 unless it is said: halfUp, halfEven, up, down, floor or ceiling.",
            decimal::round,
        ),
        pure(
            "utils.decimal.compare",
            &[A, B],
            "-1 | 0 | 1",
            "Whether a is less than b, equal, or greater.",
            decimal::compare,
        ),
        pure(
            "utils.decimal.abs",
            &[required("value", DECIMAL, Check::Json(100))],
            "string",
            "Without its sign.",
            decimal::abs,
        ),
        pure(
            "utils.decimal.sum",
            &[required(
                "values",
                "ReadonlyArray<string | number>",
                Check::Json(1 << 20),
            )],
            "string",
            "The sum of all, exactly.",
            decimal::sum,
        ),
        pure(
            "utils.money.round",
            &[AMOUNT, CURRENCY, ROUNDING],
            "string",
            "An amount with as many digits as the currency has.",
            decimal::money_round,
        ),
        pure(
            "utils.money.toMinor",
            &[AMOUNT, CURRENCY],
            "number",
            "An amount in the smallest unit of the currency, such as cents.",
            decimal::to_minor,
        ),
        pure(
            "utils.money.fromMinor",
            &[
                required(
                    "minor",
                    "number",
                    Check::Integer(-9_007_199_254_740_991, 9_007_199_254_740_991),
                ),
                CURRENCY,
            ],
            "string",
            "An amount from its smallest units.",
            decimal::from_minor,
        ),
        pure(
            "utils.money.allocate",
            &[
                AMOUNT,
                required(
                    "ratios",
                    "ReadonlyArray<string | number>",
                    Check::Json(1 << 20),
                ),
                CURRENCY,
            ],
            "string[]",
            "An amount in parts of these proportions that come to the amount again; what is left over goes to the first ones.",
            decimal::allocate,
        ),
        pure(
            "utils.jwt.sign",
            &[
                required("payload", "object", Check::Object),
                KEY,
                optional("options", "JwtSignOptions", Check::Object),
            ],
            "string",
            "A signed token (JWT) with these claims; HS256 unless another algorithm is said.",
            jwt::sign,
        ),
        pure(
            "utils.jwt.verify",
            &[
                required("token", "string", Check::Text(jwt::TOKEN_BYTES)),
                KEY,
                optional("options", "JwtVerifyOptions", Check::Object),
            ],
            "Record<string, any>",
            "The claims of a token whose signature and times are right; otherwise JWT_INVALID, with details.reason. Only the algorithms that are named are taken, HS256 unless others are.",
            jwt::verify,
        ),
        pure(
            "utils.csv.parse",
            &[
                required("text", "string", Check::Text(csv::TEXT_BYTES)),
                optional("options", "CsvParseOptions", Check::Object),
            ],
            "any[]",
            "The rows of a table: objects by the names of the header, or lists with header: false. All cells are texts.",
            csv::parse,
        ),
        pure(
            "utils.csv.write",
            &[
                required(
                    "rows",
                    "ReadonlyArray<object>",
                    Check::Json(csv::TEXT_BYTES),
                ),
                optional("options", "CsvWriteOptions", Check::Object),
            ],
            "string",
            "A table of objects or lists as text. escapeFormulas puts ' before what a spreadsheet would calculate.",
            csv::write,
        ),
        pure(
            "utils.xml.parse",
            &[required("text", "string", Check::Text(xml::TEXT_BYTES))],
            "XmlElement",
            "The root element of a document. One with a document type is refused.",
            xml::parse,
        ),
        Binding {
            class: CallClass::Service,
            ..helper(
                "utils.schema.validate",
                &[
                    required("value", "unknown", Check::Json(schema::VALUE_BYTES)),
                    required("schema", "object", Check::Json(schema::SCHEMA_BYTES)),
                ],
                "Promise<{ valid: boolean; errors: Array<{ path: string; message: string }> }>",
                "Whether a value meets a JSON schema (2020-12, 2019-09, 7) that refers to its own parts only, and what does not.",
                How::Async(schema::validate),
                Give::Plain,
            )
        },
        guest(
            "utils.retry",
            "<T>",
            &[
                required("work", "(attempt: number) => Promise<T> | T", Check::Any),
                optional("options", "RetryOptions", Check::Any),
            ],
            "Promise<T>",
            "Calls work until it succeeds, 3 times unless options.attempts says otherwise, with growing pauses that begin with options.delay, 200 ms; options.when says after which errors.",
        ),
        guest(
            "utils.sleep",
            "",
            &[required("milliseconds", "number", Check::Any)],
            "Promise<void>",
            "Waits. The time counts as wall time.",
        ),
        guest(
            "utils.assert",
            "",
            &[
                required("condition", "unknown", Check::Any),
                optional("message", "string", Check::Any),
            ],
            "asserts condition",
            "Throws ASSERTION_FAILED with the message unless the condition holds.",
        ),
        guest(
            "utils.slug",
            "",
            &[required("text", "string", Check::Any)],
            "string",
            "A text as lower-case Latin letters, digits and hyphens, for addresses and names of files; Cyrillic is written in Latin letters.",
        ),
        guest(
            "utils.chunk",
            "<T>",
            &[
                required("list", "readonly T[]", Check::Any),
                required("size", "number", Check::Any),
            ],
            "T[][]",
            "A list in pieces of at most so many.",
        ),
        helper(
            "utils.crypto.hash",
            &[DATA, ALGORITHM, ENCODING],
            "string",
            "The digest of text or bytes. Default sha256, in hex.",
            How::Sync(crypto::hash),
            Give::Plain,
        ),
        helper(
            "utils.crypto.hmac",
            &[
                DATA,
                required("key", "string | Uint8Array", Check::Bytes),
                ALGORITHM,
                ENCODING,
            ],
            "string",
            "The keyed digest (HMAC) of text or bytes. Default sha256, in hex.",
            How::Sync(crypto::hmac),
            Give::Plain,
        ),
        helper(
            "utils.crypto.timingSafeEqual",
            &[
                required("a", "string | Uint8Array", Check::Bytes),
                required("b", "string | Uint8Array", Check::Bytes),
            ],
            "boolean",
            "Whether both are equal, in a time that does not tell where they differ: compare signatures with it.",
            How::Sync(crypto::timing_safe_equal),
            Give::Plain,
        ),
        helper(
            "utils.crypto.randomBytes",
            &[required(
                "length",
                "number",
                Check::Integer(1, crypto::RANDOM_BYTES),
            )],
            "Uint8Array",
            "Unpredictable bytes, at most 65,536.",
            How::Sync(crypto::random_bytes),
            Give::Bytes,
        ),
        Binding {
            path: "utils.template.render",
            generics: "",
            params: &[
                required(
                    "nameOrTemplate",
                    "string",
                    Check::Text(template::BODY_BYTES),
                ),
                optional("data", "object", Check::Json(template::DATA_BYTES)),
            ],
            returns: "Promise<string>",
            doc: "A message from a template of the tenant by name, or from a template given as text: {{ name }}, {% if %}, {% for %}, filters upper, lower, title, trim, default, length, round.",
            class: CallClass::Service,
            needs: None,
            reach: Reach::Tenant,
            how: How::Async(template::render),
            give: Give::Plain,
        },
    ],
};
