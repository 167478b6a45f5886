//! Identifiers: one type per noun, so that a script's id cannot be passed for a tenant's.
//! All are UUIDs; those the platform creates are version 7 and sort by creation time.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A tenant: the wall around everything else.
    TenantId
);
id!(
    /// A user of one tenant.
    UserId
);
id!(
    /// A script.
    ScriptId
);
id!(
    /// One execution of a script.
    ExecutionId
);
id!(
    /// A published event; stable over redeliveries.
    EventId
);
id!(
    /// A dead letter.
    DeadLetterId
);
id!(
    /// An operation on many executions.
    OperationId
);
id!(
    /// A secret that an endpoint accepts signatures of.
    SigningSecretId
);
id!(
    /// An alert.
    AlertId
);
id!(
    /// A notification.
    NotificationId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// A signed-in browser session.
    SessionId
);
