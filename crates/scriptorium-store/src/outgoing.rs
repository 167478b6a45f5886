//! What a tenant says about the requests of its scripts.

use scriptorium_model::Ctx;
use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::outgoing::{OutgoingCredential, OutgoingHeader, OutgoingRules};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Store;
use crate::audit::Note;
use crate::db::{FromRow, Micros};
use crate::error::{Error, Result};

impl Store {
    /// The tenant's rules; those that restrict nothing until it has some.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn outgoing_rules(&self, ctx: &Ctx) -> Result<OutgoingRules> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql("select rules from outgoing_rules where tenant_id = $1");
        let row: Option<RulesRow> = db.one(sql).await?;
        row.map_or_else(|| Ok(OutgoingRules::default()), |row| read(&row.rules))
    }

    /// Writes the tenant's rules, in place of those before.
    ///
    /// # Errors
    /// `Invalid`, or `NotFound` for an unknown tenant.
    pub async fn put_outgoing_rules(&self, ctx: &Ctx, rules: &OutgoingRules) -> Result<()> {
        rules.validate()?;
        let tenant = self.find_tenant(ctx.tenant).await?;
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        let sql = tx.sql("select rules from outgoing_rules where tenant_id = $1");
        let before: Option<RulesRow> = tx.one(sql).await?;
        let after = json!(Written::from(rules));
        let sql = tx
            .sql(
                "insert into outgoing_rules (tenant_id, rules, updated_at) values ($1, $2, $3) \
                 on conflict (tenant_id) do update set rules = excluded.rules, \
                 updated_at = excluded.updated_at",
            )
            .with([after.to_string().into(), now.into()]);
        tx.execute(sql).await?;
        let subject = Subject::new(SubjectKind::Tenant, tenant.id.0, &tenant.slug);
        let before = match before {
            Some(row) => json!(Written::from(&read(&row.rules)?)),
            None => json!(Written::from(&OutgoingRules::default())),
        };
        let note = Note::new(Action::TenantChanged, subject)
            .before(json!({ "outgoing": before }))
            .after(json!({ "outgoing": after }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }
}

#[derive(FromRow)]
struct RulesRow {
    rules: String,
}

/// The rules as they are stored.
#[derive(Deserialize, Serialize)]
struct Written {
    only: Option<Vec<String>>,
    never: Vec<String>,
    credentials: Vec<WrittenCredential>,
}

#[derive(Deserialize, Serialize)]
struct WrittenCredential {
    origin: String,
    headers: Vec<WrittenHeader>,
    certificate: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct WrittenHeader {
    name: String,
    text: String,
    secret: Option<String>,
}

fn read(text: &str) -> Result<OutgoingRules> {
    let written: Written =
        serde_json::from_str(text).map_err(|_| Error::corrupt("outgoing_rules.rules"))?;
    let header = |header: WrittenHeader| OutgoingHeader {
        name: header.name,
        text: header.text,
        secret: header.secret,
    };
    let credential = |credential: WrittenCredential| OutgoingCredential {
        origin: credential.origin,
        headers: credential.headers.into_iter().map(header).collect(),
        certificate: credential.certificate,
    };
    Ok(OutgoingRules {
        only: written.only,
        never: written.never,
        credentials: written.credentials.into_iter().map(credential).collect(),
    })
}

impl From<&OutgoingRules> for Written {
    fn from(rules: &OutgoingRules) -> Self {
        let header = |header: &OutgoingHeader| WrittenHeader {
            name: header.name.clone(),
            text: header.text.clone(),
            secret: header.secret.clone(),
        };
        let credential = |credential: &OutgoingCredential| WrittenCredential {
            origin: credential.origin.clone(),
            headers: credential.headers.iter().map(header).collect(),
            certificate: credential.certificate.clone(),
        };
        Self {
            only: rules.only.clone(),
            never: rules.never.clone(),
            credentials: rules.credentials.iter().map(credential).collect(),
        }
    }
}
