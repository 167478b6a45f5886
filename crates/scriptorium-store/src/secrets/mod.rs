//! The secrets of a tenant (D17). Values are sealed before they come near a statement, and opened for
//! a script that runs and for nobody else.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::secret::{SECRETS, Secret, SecretChange};
use scriptorium_model::{Ambient, Ctx, ExecutionId, Invalid, ScriptId, Timestamp, UserId, Uuid};
use serde_json::{Value, json};

use crate::Store;
use crate::audit::{By, Note, Said};
use crate::db::{Db, FromRow, Micros, Tx};
use crate::error::{Error, Result};
use crate::seal::{OTHER, Seal, Slot, Whose, damaged};
use crate::store::Options;
use crate::{keys, system};

/// The values of a secret, for a script that runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The value.
    pub value: String,
    /// The one before it, while it is still given.
    pub previous: Option<String>,
}

impl std::fmt::Debug for Opened {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

/// The key of a database's secrets; made with its first opening.
pub(crate) async fn key(db: &Db, options: &Options, ambient: &Ambient) -> Result<Seal> {
    let dir = &options.data_dir;
    let found = keys::find(dir, "secrets", options.secrets_key_file.as_ref())?;
    let stored = system::any_secret(db).await?;
    let key = match (found, &stored) {
        (Some(key), _) => key,
        (None, Some(_)) => {
            return Err(Error::platform(
                "the key of secrets is missing: a restored database needs its own keys/secrets.key, \
                 and servers of one database share one key file",
            ));
        }
        (None, None) => keys::make(dir, "secrets", ambient)?,
    };
    let seal = Seal::new(&key);
    if stored.is_some_and(|stored| !stored.starts_with(&seal.beginning())) {
        return Err(Error::platform(OTHER));
    }
    Ok(seal)
}

impl Store {
    /// What there is of secrets, by name; no values.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_secrets(&self, ctx: &Ctx) -> Result<Vec<Secret>> {
        let now = self.inner.ambient.now();
        let db = self.db().read(ctx).await?;
        let sql = db.sql("select * from secrets where tenant_id = $1 order by name");
        let rows: Vec<SecretRow> = db.all(sql).await?;
        rows.into_iter().map(|row| row.secret(now)).collect()
    }

    /// Writes a secret, new or not.
    ///
    /// # Errors
    /// `Invalid` on `name`, `value`, `test_value`, `scripts`; on `value` when there is no secret yet and
    /// none is given; on `name` when the tenant has as many as may be.
    pub async fn put_secret(&self, ctx: &Ctx, name: &str, change: &SecretChange) -> Result<Secret> {
        change.validate(name)?;
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let before = find(&tx, name, true).await?;
        if before.is_none() {
            if change.value.is_none() {
                let message = "is needed for a secret that is not there yet";
                return Err(Invalid::field("value", "required", message).into());
            }
            let count: Option<CountRow> = tx
                .one(tx.sql("select count(*) as n from secrets where tenant_id = $1"))
                .await?;
            if count.is_some_and(|row| row.n >= i64::from(SECRETS)) {
                let message = format!("a tenant has at most {SECRETS} secrets");
                return Err(Invalid::field("name", "too_many", message).into());
            }
        }
        let row = self.changed(ctx, name, before.as_ref(), change, now)?;
        write(&tx, &row).await?;
        let secret = row.secret(now)?;
        let mut note = note(Action::SecretChanged, name).after(described(&secret, change));
        if let Some(before) = before {
            let unchanged = SecretChange::default();
            note = note.before(described(&before.secret(now)?, &unchanged));
        }
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(secret)
    }

    /// Removes a secret; whether there was one.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_secret(&self, ctx: &Ctx, name: &str) -> Result<bool> {
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let Some(before) = find(&tx, name, true).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let sql = tx
            .sql("delete from secrets where tenant_id = $1 and name = $2")
            .with([name.into()]);
        tx.execute(sql).await?;
        let unchanged = SecretChange::default();
        let note =
            note(Action::SecretDeleted, name).before(described(&before.secret(now)?, &unchanged));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(true)
    }

    /// The values of a secret for a script: in a trial those for trials only. What the script may not
    /// read is not there.
    ///
    /// # Errors
    /// `NotFound`; `Platform` when it was sealed with another key, or changed.
    pub async fn open_secret(
        &self,
        ctx: &Ctx,
        name: &str,
        script: ScriptId,
        trial: bool,
    ) -> Result<Opened> {
        let now = self.inner.ambient.now();
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select * from secrets where tenant_id = $1 and name = $2")
            .with([name.into()]);
        let row: Option<SecretRow> = db.one(sql).await?;
        let row = row.ok_or(Error::NotFound)?;
        let allowed = scripts_of(&row)?;
        if allowed.is_some_and(|allowed| !allowed.contains(&script)) {
            return Err(Error::NotFound);
        }
        let open = |slot, stored: &[u8]| {
            let whose = Whose {
                tenant: ctx.tenant,
                slot,
            };
            let value = self.inner.seal.open(&whose, stored)?;
            String::from_utf8(value).map_err(|_| damaged())
        };
        if trial {
            let test = row.test_sealed.as_deref().ok_or(Error::NotFound)?;
            return Ok(Opened {
                value: open(Slot::Test(name), test)?,
                previous: None,
            });
        }
        let given = row
            .previous_until
            .is_some_and(|until| Timestamp::from(until) > now);
        let previous = row.previous_sealed.as_deref().filter(|_| given);
        Ok(Opened {
            value: open(Slot::Value(name), &row.sealed)?,
            previous: previous
                .map(|stored| open(Slot::Value(name), stored))
                .transpose()?,
        })
    }

    /// Leaves in the audit trail that an execution has read a secret. Nobody waits for it.
    ///
    /// # Errors
    /// `Platform` after close.
    pub async fn note_secret_use(
        &self,
        ctx: &Ctx,
        name: &str,
        script: ScriptId,
        execution: ExecutionId,
    ) -> Result<()> {
        let note = note(Action::SecretUsed, name).after(json!({
            "script_id": script.0,
            "execution_id": execution.0,
        }));
        let said = Said::one(ctx.tenant, &By::of(ctx), note);
        self.inner.writer.say(said).await
    }

    fn changed(
        &self,
        ctx: &Ctx,
        name: &str,
        before: Option<&SecretRow>,
        change: &SecretChange,
        now: Timestamp,
    ) -> Result<SecretRow> {
        let seal = |slot, value: &str| {
            let whose = Whose {
                tenant: ctx.tenant,
                slot,
            };
            let ambient = &self.inner.ambient;
            self.inner.seal.seal(ambient, &whose, value.as_bytes())
        };
        let mut row = match before {
            Some(before) => before.clone(),
            None => SecretRow {
                name: name.to_owned(),
                created_at: now.into(),
                ..SecretRow::default()
            },
        };
        if let Some(value) = &change.value {
            let kept = change.keep_previous_until.filter(|until| *until > now);
            let old = std::mem::replace(&mut row.sealed, seal(Slot::Value(name), value)?);
            row.previous_until = kept.filter(|_| before.is_some()).map(Into::into);
            row.previous_sealed = row.previous_until.map(|_| old);
        }
        if let Some(test) = &change.test_value {
            let test = test.as_ref().map(|value| seal(Slot::Test(name), value));
            row.test_sealed = test.transpose()?;
        }
        if let Some(scripts) = &change.scripts {
            row.scripts = scripts.as_ref().map(|scripts| {
                let ids: Value = scripts.iter().map(|script| json!(script.0)).collect();
                ids.to_string()
            });
        }
        row.updated_at = now.into();
        row.updated_by = ctx.actor.user().map(|user| user.0);
        Ok(row)
    }
}

fn note(action: Action, name: &str) -> Note {
    Note::new(action, Subject::new(SubjectKind::Secret, None, name))
}

/// What the trail says of it: whether a value is new, never which.
fn described(secret: &Secret, change: &SecretChange) -> Value {
    let mut told = json!({
        "scripts": secret.scripts.as_ref().map(|all| all.iter().map(|id| id.0).collect::<Vec<_>>()),
        "has_test_value": secret.has_test_value,
        "previous_until": secret.previous_until.map(|at| at.to_string()),
    });
    if change.value.is_some() {
        told["value"] = json!("changed");
    }
    if matches!(change.test_value, Some(Some(_))) {
        told["test_value"] = json!("changed");
    }
    told
}

async fn find(tx: &Tx, name: &str, lock: bool) -> Result<Option<SecretRow>> {
    let text = if lock && tx.dialect() == crate::db::Dialect::Postgres {
        "select * from secrets where tenant_id = $1 and name = $2 for update"
    } else {
        "select * from secrets where tenant_id = $1 and name = $2"
    };
    tx.one(tx.sql(text).with([name.into()])).await
}

async fn write(tx: &Tx, row: &SecretRow) -> Result<()> {
    tx.execute(
        tx.sql(
            "insert into secrets (tenant_id, name, sealed, previous_sealed, previous_until, \
             test_sealed, scripts, created_at, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             on conflict (tenant_id, name) do update set sealed = excluded.sealed, \
             previous_sealed = excluded.previous_sealed, previous_until = excluded.previous_until, \
             test_sealed = excluded.test_sealed, scripts = excluded.scripts, \
             updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        )
        .with([
            row.name.as_str().into(),
            row.sealed.clone().into(),
            row.previous_sealed.clone().into(),
            row.previous_until.into(),
            row.test_sealed.clone().into(),
            row.scripts.clone().into(),
            row.created_at.into(),
            row.updated_at.into(),
            row.updated_by.into(),
        ]),
    )
    .await?;
    Ok(())
}

fn scripts_of(row: &SecretRow) -> Result<Option<Vec<ScriptId>>> {
    let Some(text) = &row.scripts else {
        return Ok(None);
    };
    let ids: Vec<Uuid> = serde_json::from_str(text).map_err(|_| Error::corrupt("scripts"))?;
    Ok(Some(ids.into_iter().map(ScriptId).collect()))
}

#[derive(Clone, FromRow)]
struct SecretRow {
    name: String,
    sealed: Vec<u8>,
    previous_sealed: Option<Vec<u8>>,
    previous_until: Option<Micros>,
    test_sealed: Option<Vec<u8>>,
    scripts: Option<String>,
    created_at: Micros,
    updated_at: Micros,
    updated_by: Option<Uuid>,
}

impl Default for SecretRow {
    fn default() -> Self {
        Self {
            name: String::new(),
            sealed: Vec::new(),
            previous_sealed: None,
            previous_until: None,
            test_sealed: None,
            scripts: None,
            created_at: Micros(0),
            updated_at: Micros(0),
            updated_by: None,
        }
    }
}

#[derive(FromRow)]
struct CountRow {
    n: i64,
}

impl SecretRow {
    fn secret(&self, now: Timestamp) -> Result<Secret> {
        let until = self.previous_until.map(Timestamp::from);
        Ok(Secret {
            name: self.name.clone(),
            scripts: scripts_of(self)?,
            has_test_value: self.test_sealed.is_some(),
            previous_until: until.filter(|until| *until > now),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            updated_by: self.updated_by.map(UserId),
        })
    }
}
