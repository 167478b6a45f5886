//! Signatures, and the schemas they come to.

use crate::{Convention, Language, Options};

fn schema_of(source: &str, language: Language, convention: Convention) -> Option<String> {
    let options = Options {
        language,
        convention,
        entry: None,
        libraries: &[],
        is_library: false,
    };
    crate::input_schema(source, &options)
}

#[track_caller]
fn check(source: &str, expected: &str) {
    let found = schema_of(source, Language::TypeScript, Convention::Main);
    assert_eq!(found.as_deref().unwrap_or("none"), expected, "{source}");
}

#[track_caller]
fn check_js(source: &str, expected: &str) {
    let found = schema_of(source, Language::JavaScript, Convention::Main);
    assert_eq!(found.as_deref().unwrap_or("none"), expected, "{source}");
}

/// The schema of one type.
#[track_caller]
fn check_type(ty: &str, expected: &str) {
    check(&format!("function main(input: {ty}) {{}}"), expected);
}

#[test]
fn types_become_schemas() {
    for (ty, expected) in [
        ("string", r#"{"type":"string"}"#),
        ("number", r#"{"type":"number"}"#),
        ("Date", r#"{"type":"string","format":"date-time"}"#),
        ("string | null", r#"{"type":["string","null"]}"#),
        ("boolean", r#"{"type":"boolean"}"#),
        (r#""a" | "b""#, r#"{"type":"string","enum":["a","b"]}"#),
        ("1 | -2", r#"{"type":"number","enum":[1,-2]}"#),
        (r#""a" | null"#, r#"{"enum":["a",null]}"#),
        ("string[]", r#"{"type":"array","items":{"type":"string"}}"#),
        (
            "readonly number[]",
            r#"{"type":"array","items":{"type":"number"}}"#,
        ),
        (
            "Array<{ id: string }>",
            r#"{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}"#,
        ),
        (
            "[string, number]",
            r#"{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"minItems":2,"maxItems":2}"#,
        ),
        (
            "string | number",
            r#"{"anyOf":[{"type":"string"},{"type":"number"}]}"#,
        ),
        (
            "Record<string, number>",
            r#"{"type":"object","additionalProperties":{"type":"number"}}"#,
        ),
        (
            r#"Record<"a" | "b", boolean>"#,
            r#"{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"boolean"}},"required":["a","b"]}"#,
        ),
        (
            "{ [key: string]: string }",
            r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
        ),
        (
            r#"{ "odd \"name": 1, 2: string }"#,
            r#"{"type":"object","properties":{"odd \"name":{"type":"number","enum":[1]},"2":{"type":"string"}},"required":["odd \"name","2"]}"#,
        ),
        ("any", "none"),
        ("unknown", "none"),
        ("() => void", "none"),
        ("Elsewhere", "none"),
    ] {
        check_type(ty, expected);
    }
}

#[test]
fn members_are_in_order_and_optional_ones_are_not_required() {
    check_type(
        r#"{ count: number; name?: string; mode: "a" | "b"; at: Date | undefined }"#,
        r#"{"type":"object","properties":{"count":{"type":"number"},"name":{"type":"string"},"mode":{"type":"string","enum":["a","b"]},"at":{"type":"string","format":"date-time"}},"required":["count","mode"]}"#,
    );
}

#[test]
fn declared_types_are_followed_and_circles_are_not() {
    check(
        "interface Base { id: string }\n\
         export interface Order extends Base { lines: Line[]; parent?: Order }\n\
         type Line = Pick<Item, 'sku'> & { quantity: number };\n\
         interface Item { sku: string; price: number }\n\
         enum Kind { A = 'a', B = 'b' }\n\
         export default async function run(input: Partial<Order> & { kind: Kind }, ctx: Ctx) {}",
        r#"{"type":"object","properties":{"id":{"type":"string"},"lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"quantity":{"type":"number"}},"required":["sku","quantity"]}},"parent":{},"kind":{"type":"string","enum":["a","b"]}},"required":["kind"]}"#,
    );
    check(
        "type T = T[]; function main(i: T) {}",
        r#"{"type":"array","items":{}}"#,
    );
    check(
        "enum E { A, B = 5, C } const main = (i: E) => 1; export { main }",
        r#"{"type":"number","enum":[0,5,6]}"#,
    );
}

#[test]
fn comments_and_values_say_more() {
    check(
        "interface Input {\n\
         /** How many rows.\n * @minimum 1\n * @max 100\n * @default 10 */\n rows: number;\n\
         /** @title Day @format date */\n day?: string;\n\
         /** @format date */ until: string }\n\
         function main({ rows, until = '2026-01-01' }: Input = { rows: 3 }) {}",
        r#"{"type":"object","properties":{"rows":{"type":"number","description":"How many rows.","minimum":1,"maximum":100,"default":10},"day":{"type":"string","title":"Day @format date"},"until":{"type":"string","format":"date","default":"2026-01-01"}},"required":["rows","until"]}"#,
    );
}

#[test]
fn the_entry_function_is_found_however_it_is_written() {
    let expected = r#"{"type":"string"}"#;
    for source in [
        "export default (input: string) => 1;",
        "export default function (input: string) {}",
        "const f = async (input: string) => 1; export default f;",
        "const f = function (input: string) {}; export { f as default };",
        "export const main = (input: string) => 1; export const other = (n: number) => 2;",
        "const main: (input: string) => number = (input) => 1;",
        "function main(input: string): void; function main(input: string) {}",
        "function helper(n: number) {} function main(input: string) {}",
        "async function only(input: string) {}",
    ] {
        check(source, expected);
    }
    for source in [
        "return 1",
        "const a = 1; a + 1",
        "function main() {}",
        "syntax error(",
        "",
    ] {
        check(source, "none");
    }
}

#[test]
fn javascript_says_it_in_comments_and_values() {
    check_js(
        "/**\n * Greets.\n * @param {{ name: string, times?: number, mode: \"a\" | \"b\" }} input - whom\n */\nfunction main(input) {}",
        r#"{"type":"object","properties":{"name":{"type":"string"},"times":{"type":"number"},"mode":{"type":"string","enum":["a","b"]}},"required":["name","mode"],"description":"whom"}"#,
    );
    check_js(
        "/**\n * @param {Object} input\n * @param {string} input.name - Who it is\n * @param {number} [input.times=3] How often\n */\nexport default async function main(input) {}",
        r#"{"type":"object","properties":{"name":{"type":"string","description":"Who it is"},"times":{"type":"number","description":"How often","default":3}},"required":["name"]}"#,
    );
    check_js(
        "export default ({ name, rows = 10, tags = ['a'], dry = true }) => 1;",
        r#"{"type":"object","properties":{"name":{},"rows":{"type":"number","default":10},"tags":{"type":"array","items":{"type":"string"},"default":["a"]},"dry":{"type":"boolean","default":true}},"required":["name"]}"#,
    );
    check_js("function main(input) {}", "none");
}

#[test]
fn an_event_script_is_given_what_its_event_brings() {
    let source = "interface Order { id: string }\n\
                  export default async function handleEvent(event: TriggerEvent<Order>) {}";
    let found = schema_of(source, Language::TypeScript, Convention::HandleEvent);
    let expected = r#"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}"#;
    assert_eq!(found.as_deref(), Some(expected));
    let plain = "export default async function handleEvent({ id = 1 }) {}";
    assert_eq!(
        schema_of(plain, Language::TypeScript, Convention::HandleEvent),
        None
    );
    let request = "export default (req: { body: string }) => 1;";
    assert_eq!(
        schema_of(request, Language::TypeScript, Convention::HandleRequest),
        None
    );
}

/// What would take for ever, or be written out without end, ends as anything.
#[test]
fn types_that_explode_are_cut() {
    let mut source = String::from("type A0 = { a: string };\n");
    for n in 1..40 {
        let before = n - 1;
        source.push_str(&format!("type A{n} = {{ l: A{before}; r: A{before} }};\n"));
    }
    source.push_str("function main(input: A39) {}");
    let found = schema_of(&source, Language::TypeScript, Convention::Main);
    assert!(found.is_none_or(|schema| schema.len() <= crate::MAX_SCHEMA_BYTES));

    let names: Vec<String> = (0..200).map(|n| format!("\"k{n}\"")).collect();
    let names = names.join(" | ");
    let record = format!("type K = {names}; type T = Record<K, Record<K, Record<K, string>>>;");
    let found = schema_of(
        &format!("{record} function main(i: T) {{}}"),
        Language::TypeScript,
        Convention::Main,
    );
    assert!(found.is_none_or(|schema| schema.len() <= crate::MAX_SCHEMA_BYTES));
}
