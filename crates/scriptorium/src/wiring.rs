//! The real clock and the operating system's randomness: the only place that reads either.

use std::sync::Arc;

use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::{Ambient, Timestamp};

struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the real clock comes in"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(
            clippy::expect_used,
            reason = "a system without randomness cannot make a secret, and must not go on"
        )]
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// The outside world as it is.
pub(crate) fn ambient() -> Ambient {
    Ambient::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
}
