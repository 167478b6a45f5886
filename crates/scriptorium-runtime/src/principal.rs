//! Whose rights a run has (D12): its principal, the author of the version, whoever activated the
//! script and the authors of its libraries, each as of now; a run may do what all of them may.

use std::collections::BTreeMap;

use scriptorium_model::permission::PermissionSet;
use scriptorium_model::user::User;
use scriptorium_model::{Actor, Ctx, UserId};
use scriptorium_store::Store;

/// On whose behalf a script runs, and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The user who caused the run, shown as `context.user`; `None` for schedules and events.
    pub user: Option<UserFacts>,
    /// The effective rights.
    pub permissions: PermissionSet,
}

/// What a script may know of the user who caused its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFacts {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their language.
    pub locale: String,
}

/// The people whose rights bound a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// Who it runs as when nobody asked for it: `run_as`, or the owner.
    pub run_as: Option<UserId>,
    /// The author of the version that runs. `None` when the host application wrote it.
    pub author: Option<UserId>,
    /// Who activated the script. `None` for a trial, and when the host application did.
    pub activator: Option<UserId>,
    /// The authors of the libraries it brings along.
    pub libraries: Vec<UserId>,
}

/// Why the rights of a run could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Someone whose rights bound the run is gone or switched off: the trigger is to be paused.
    #[error("{party} of the script ({user}) is no longer an active user")]
    Gone {
        /// Which of them.
        party: Party,
        /// The user.
        user: UserId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] scriptorium_store::Error),
}

/// A part someone plays for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who asked for the run.
    Caller,
    /// Who it runs as when nobody asked for it.
    RunAs,
    /// The author of the version.
    Author,
    /// Who activated it.
    Activator,
    /// The author of a library it uses.
    LibraryAuthor,
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Caller => "the caller",
            Self::RunAs => "the run-as user",
            Self::Author => "the author",
            Self::Activator => "the activator",
            Self::LibraryAuthor => "the author of a library",
        })
    }
}

/// The effective rights of a run that `caller` asks for. The rights in `caller` count as they
/// are: a token's may be fewer than its creator's. The host application and the platform bring no
/// user; the platform acts for `parties.run_as`.
///
/// # Errors
/// [`Refusal::Gone`] naming who, or the database's failure.
pub async fn effective(
    store: &Store,
    caller: &Ctx,
    parties: Parties,
) -> Result<Principal, Refusal> {
    let mut known = BTreeMap::new();
    let mut user = None;
    let mut permissions = match (&caller.actor, caller.actor.user()) {
        (_, Some(id)) => {
            let found = find(store, caller, Party::Caller, id, &mut known).await?;
            user = Some(UserFacts::from(&found));
            caller.permissions.intersection(&found.permissions())
        }
        (Actor::Platform, None) => match parties.run_as {
            Some(id) => find(store, caller, Party::RunAs, id, &mut known)
                .await?
                .permissions(),
            None => PermissionSet::all(),
        },
        (_, None) => caller.permissions.clone(),
    };
    let author = parties.author.map(|id| (Party::Author, id));
    let activator = parties.activator.map(|id| (Party::Activator, id));
    let libraries = parties.libraries.iter();
    let libraries = libraries.map(|id| (Party::LibraryAuthor, *id));
    for (party, id) in author.into_iter().chain(activator).chain(libraries) {
        let found = find(store, caller, party, id, &mut known).await?;
        permissions = permissions.intersection(&found.permissions());
    }
    Ok(Principal { user, permissions })
}

/// The same person often plays every part: each is read once.
async fn find(
    store: &Store,
    ctx: &Ctx,
    party: Party,
    id: UserId,
    known: &mut BTreeMap<UserId, User>,
) -> Result<User, Refusal> {
    if let Some(user) = known.get(&id) {
        return Ok(user.clone());
    }
    match store.find_person(ctx, id).await {
        Ok(user) if user.active => {
            known.insert(id, user.clone());
            Ok(user)
        }
        Ok(_) | Err(scriptorium_store::Error::NotFound) => Err(Refusal::Gone { party, user: id }),
        Err(error) => Err(error.into()),
    }
}

impl From<&User> for UserFacts {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            locale: user.locale.clone(),
        }
    }
}
