//! The audit trail (D15). A transaction that writes says what it leaves there before it can commit:
//! an entry in the same transaction, or a reason why there is none.

/// Proof that a transaction has said what it leaves in the audit trail.
#[must_use = "a transaction commits with it"]
pub(crate) struct Noted(());

/// Leaves nothing in the audit trail, for this reason.
pub(crate) fn unaudited(_reason: &'static str) -> Noted {
    Noted(())
}
