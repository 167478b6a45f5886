//! The message templates of a tenant.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::template::Template;
use scriptorium_model::{Ctx, Timestamp};
use serde_json::json;

use crate::Store;
use crate::audit::Note;
use crate::db::{FromRow, Micros, Tx};
use crate::error::Result;

impl Store {
    /// A template by name.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_template(&self, ctx: &Ctx, name: &str) -> Result<Option<Template>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select name, body, updated_at from templates where tenant_id = $1 and name = $2")
            .with([name.into()]);
        let row: Option<TemplateRow> = db.one(sql).await?;
        Ok(row.map(Template::from))
    }

    /// The tenant's templates by name.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_templates(&self, ctx: &Ctx) -> Result<Vec<Template>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select name, body, updated_at from templates where tenant_id = $1 order by name");
        let rows: Vec<TemplateRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(Template::from).collect())
    }

    /// Writes a template, new or not.
    ///
    /// # Errors
    /// `NotFound` for an unknown tenant.
    pub async fn put_template(&self, ctx: &Ctx, name: &str, body: &str) -> Result<Template> {
        let updated_at = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let note = put(&tx, name, body, updated_at).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(Template {
            name: name.into(),
            body: body.into(),
            updated_at,
        })
    }

    /// Removes a template; whether there was one.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_template(&self, ctx: &Ctx, name: &str) -> Result<bool> {
        let tx = self.db().write(ctx).await?;
        let Some(before) = body_of(&tx, name).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let sql = tx
            .sql("delete from templates where tenant_id = $1 and name = $2")
            .with([name.into()]);
        let deleted = tx.execute(sql).await? > 0;
        let note = note(Action::TemplateDeleted, name).before(json!({ "body": before }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(deleted)
    }
}

fn note(action: Action, name: &str) -> Note {
    Note::new(action, Subject::new(SubjectKind::Template, None, name))
}

async fn body_of(tx: &Tx, name: &str) -> Result<Option<String>> {
    let sql = tx
        .sql("select name, body, updated_at from templates where tenant_id = $1 and name = $2")
        .with([name.into()]);
    let row: Option<TemplateRow> = tx.one(sql).await?;
    Ok(row.map(|row| row.body))
}

/// Writes a template, new or not; what the trail says of it.
pub(crate) async fn put(tx: &Tx, name: &str, body: &str, updated_at: Timestamp) -> Result<Note> {
    let before = body_of(tx, name).await?;
    tx.execute(
        tx.sql(
            "insert into templates (tenant_id, name, body, updated_at) values ($1, $2, $3, $4) \
             on conflict (tenant_id, name) \
             do update set body = excluded.body, updated_at = excluded.updated_at",
        )
        .with([name.into(), body.into(), Micros::from(updated_at).into()]),
    )
    .await?;
    let mut note = note(Action::TemplateChanged, name).after(json!({ "body": body }));
    if let Some(before) = before {
        note = note.before(json!({ "body": before }));
    }
    Ok(note)
}

#[derive(FromRow)]
struct TemplateRow {
    name: String,
    body: String,
    updated_at: Micros,
}

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        Self {
            name: row.name,
            body: row.body,
            updated_at: row.updated_at.into(),
        }
    }
}
