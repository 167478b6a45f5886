//! `utils`: helpers that need nothing of the tenant but its zone and its templates (R-JUTL).

mod crypto;
mod date;
mod template;

use scriptorium_engine::CallClass;

use super::args::{Check, Param, optional, required};
use super::{Binding, Capability, Give, How, text};

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
        how,
        give,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "utils",
    doc: "Helpers: identifiers, dates in the zone of the execution, digests, message templates.",
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
            how: How::Async(template::render),
            give: Give::Plain,
        },
    ],
};
