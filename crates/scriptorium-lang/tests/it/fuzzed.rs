//! What the fuzzer starts from and what it once found in sources (docs/attacks.md).

#[path = "../../../../fuzz/properties/replay.rs"]
mod replay;
#[path = "../../../../fuzz/properties/source.rs"]
mod source;

#[test]
fn any_source_is_answered() {
    replay::replay("source", source::check);
}
