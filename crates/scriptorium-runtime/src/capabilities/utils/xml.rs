//! `utils.xml`: documents as objects. A document type is refused, and with it every entity of one's own.

use roxmltree::{Document, Node, ParsingOptions};
use scriptorium_engine::HostError;
use serde_json::{Map, Value, json};

use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::host::Run;

/// Most bytes of a document.
pub(super) const TEXT_BYTES: usize = 1 << 20;
/// Most elements, texts and comments.
const NODES: u32 = 50_000;
/// Deepest that elements may be in each other: of JSON there may be 128 levels, two for each.
const DEPTH: usize = 60;

pub(super) fn parse(_: &Run, mut args: Args) -> Result<String, HostError> {
    let text = args.text(0).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| invalid("text", format!("is no XML: {error}")))?;
    let root = element(document.root_element(), 0).ok_or_else(too_deep)?;
    Ok(root.to_string())
}

fn element(node: Node<'_, '_>, depth: usize) -> Option<Value> {
    if depth >= DEPTH {
        return None;
    }
    let attributes: Map<String, Value> = node
        .attributes()
        .map(|attribute| (attribute.name().to_owned(), attribute.value().into()))
        .collect();
    let mut text = String::new();
    let mut children = Vec::new();
    for child in node.children() {
        if child.is_element() {
            children.push(element(child, depth + 1)?);
        } else if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
    }
    Some(json!({
        "name": node.tag_name().name(),
        "namespace": node.tag_name().namespace(),
        "attributes": attributes,
        "text": text.trim(),
        "children": children,
    }))
}

fn too_deep() -> HostError {
    invalid(
        "text",
        format!("must not be nested deeper than {DEPTH} elements"),
    )
}
