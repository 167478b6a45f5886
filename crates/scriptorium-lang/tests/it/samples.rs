//! The sample scripts, and the shapes users bring, translate without a word.

use std::fs;
use std::path::Path;

use scriptorium_lang::{Convention, Entry, Options, translate};

use crate::{JS, TS};

#[test]
fn sample_scripts_translate_without_warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scripts");
    let mut translated = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let options = match path.extension().and_then(|extension| extension.to_str()) {
            Some("js") => JS,
            Some("ts") => TS,
            _ => continue,
        };
        let source = fs::read_to_string(&path).unwrap();
        let result = translate(&source, &options).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        assert_eq!(result.warnings, [], "{path:?}");
        assert_ne!(result.entry, Entry::Body, "{path:?}");
        if options.language == JS.language {
            assert!(result.code.starts_with(&source), "{path:?} was changed");
        }
        translated += 1;
    }
    assert!(translated >= 6, "only {translated} samples found");
}

#[test]
fn shapes_of_all_types_keep_their_text() {
    for (convention, source, name) in [
        (
            Convention::Main,
            "// Cron: 0 9 * * *\nasync function main() {\n  const ids = await services.clients.list({ limit: 5 });\n  \
             for (const { id } of ids) {\n    try { await notify(`client ${id}`) } catch (e) { console.error(e) }\n  }\n  \
             return { processed: ids.length };\n}\n",
            "main",
        ),
        (
            Convention::HandleRequest,
            "async function handleRequest(req) {\n  const by = req.query.groupBy || 'day';\n  \
             const sum = (await load(by)).reduce((a, b) => a + b.total, 0) /\n    2;\n  \
             return { status: 200, headers: { 'X-Cache': 'MISS' }, body: { sum } };\n}",
            "handleRequest",
        ),
        (
            Convention::Any,
            "async function validateOrder(order) {\n  const errors = [];\n  \
             if (order.total > 10) errors.push(`too much: ${order.total}`);\n  return { valid: !errors.length, errors };\n}",
            "validateOrder",
        ),
        (
            Convention::HandleEvent,
            "async function handleOrderCreated(event) {\n  await storage.set(`order:${event.data.id}`, event.data);\n}",
            "handleOrderCreated",
        ),
    ] {
        let translated = translate(source, &Options { convention, ..JS }).unwrap();
        assert_eq!(translated.entry, Entry::Function(name.to_owned()));
        assert!(translated.code.starts_with(source));
    }
}
