//! What the fuzzer starts from and what it once found in values (docs/attacks.md).

use std::path::Path;

#[path = "../../../../fuzz/properties/replay.rs"]
mod replay;
#[path = "../../../../fuzz/properties/values.rs"]
mod values;

#[test]
fn values_cross_the_wall_as_they_are() {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    let values = values::Values::new(Some(cache));
    replay::replay("values", |bytes| values.check(bytes));
}
