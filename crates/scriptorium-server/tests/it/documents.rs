//! What the server says about itself.

use std::collections::BTreeSet;

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&scriptorium_server::openapi()).unwrap()
}

/// The committed copy is what hosts generate clients from, so that a change of the interface is
/// seen in a review.
#[test]
fn the_openapi_document_is_the_committed_one() {
    let committed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/openapi.json"
    );
    let present = concat!(env!("CARGO_TARGET_TMPDIR"), "/openapi.json");
    let text = scriptorium_server::openapi() + "\n";
    std::fs::write(present, &text).unwrap();
    let same = std::fs::read_to_string(committed).is_ok_and(|committed| committed == text);
    assert!(
        same,
        "the interface has changed; if that is meant: cp {present} {committed}"
    );
}

#[test]
fn every_operation_has_a_name_a_summary_and_its_refusals() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            let name = operation["operationId"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert!(!name.is_empty() && names.insert(name), "{place}");
            assert!(operation["summary"].is_string(), "{place}");
            let public = operation["security"] == serde_json::json!([{}]);
            let responses = operation["responses"].as_object().unwrap();
            assert!(public || responses.contains_key("401"), "{place}");
        }
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.push(reference);
                }
                members
                    .values()
                    .for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
