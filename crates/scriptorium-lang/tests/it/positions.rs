//! Positions in the translated code lead back to the user's text.

use scriptorium_lang::{Options, translate};

use crate::{JS, TS};

/// Every `needle` in the code, in its order, is said to come from these places.
#[track_caller]
fn check(source: &str, options: &Options<'_>, needle: &str, expected: &[(u32, u32)]) {
    let translated = translate(source, options).unwrap();
    let code = &translated.code;
    let found: Vec<_> = code
        .match_indices(needle)
        .map(|(offset, _)| {
            let before = &code[..offset];
            let line = before.matches('\n').count() + 1;
            let column = offset - before.rfind('\n').map_or(0, |end| end + 1) + 1;
            let place = translated.map.original(line as u32, column as u32);
            place.expect("the user's text has a place")
        })
        .collect();
    assert_eq!(found, expected, "in {code}");
}

#[test]
fn javascript_keeps_its_places() {
    check(
        "function main() {\n  throw new Error('a') }",
        &JS,
        "throw",
        &[(2, 3)],
    );
    check("throw 1", &JS, "throw", &[(1, 1)]);
    check("let a = 1; throw a", &JS, "throw", &[(1, 12)]);
    check("a();\nb(c.d)", &JS, "c.d", &[(2, 3)]);
    check("const f = () => { throw 1 };\nf()", &JS, "f()", &[(2, 1)]);
    check("export default () => { throw 1 }", &JS, "throw", &[(1, 24)]);
}

#[test]
fn columns_count_utf16_units() {
    check("let а = 'привет'; throw а", &JS, "throw", &[(1, 19)]);
    check("let a = '😀'; throw a", &JS, "throw", &[(1, 15)]);
    check("let a: string = '😀'; throw a", &TS, "throw", &[(1, 23)]);
    check(
        "let a: string = 'привет';\nlet b = 'привет'; throw a",
        &TS,
        "throw",
        &[(2, 19)],
    );
}

#[test]
fn typescript_leads_back_over_the_types() {
    let source = "interface Order {\n  id: string;\n}\n\n\
                  function check(order: Order): void {\n    if (!order.id)\n      \
                  throw new Error(`no id in ${order}`);\n}\n";
    check(source, &TS, "throw", &[(7, 7)]);
    check(source, &TS, "new Error", &[(7, 13)]);
    check(
        "type A = { a: string };\nconst a = { b: 1 } as unknown as A;\nthrow a.a",
        &TS,
        "throw",
        &[(3, 1)],
    );
    check("enum E { A }\n  throw E.A", &TS, "throw", &[(2, 3)]);
    check("let a = <any>f(); g(a)", &TS, "g(a)", &[(1, 19)]);
}

#[test]
fn text_of_ours_has_no_place_or_the_nearest() {
    let translated = translate("function main() {}\n", &JS).unwrap();
    let lines = translated.code.lines().count() as u32;
    assert_eq!(translated.map.original(lines, 1), None);
    assert_eq!(translated.map.original(0, 1), None);
    assert_eq!(translated.map.original(99, 1), None);
    assert_eq!(translated.map.original(1, 0), Some((1, 1)));
    assert_eq!(
        translated.map.original(1, 99),
        Some((1, 19)).map(|(l, _)| (l + 1, 1))
    );

    let body = translate("throw 1", &JS).unwrap();
    assert_eq!(body.map.original(1, 1), Some((1, 1)));
}

#[test]
fn line_ends_of_all_kinds_count() {
    check("let a\r\nlet b\rthrow a", &JS, "throw", &[(3, 1)]);
}
