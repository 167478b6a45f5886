//! The index in PostgreSQL: a `tsvector` beside each id, with a GIN index. It is read through two
//! functions, because row-level security would keep the index out of use (see the migration).

use scriptorium_model::{TenantId, Uuid};

use super::{Document, Kind, Query};
use crate::db::{Scope, Sql, Tx};
use crate::error::Result;
use crate::executions::IdRow;
use crate::history::chunks;

pub(super) async fn store(tx: &Tx, documents: &[Document]) -> Result<()> {
    for kind in [Kind::Execution, Kind::Script] {
        let of_kind: Vec<&Document> = documents.iter().filter(|d| d.kind == kind).collect();
        for some in chunks(&of_kind) {
            let mut sql = tx.sql(match kind {
                Kind::Execution => "insert into execution_documents (tenant_id, id, words) values ",
                Kind::Script => "insert into script_documents (tenant_id, id, words) values ",
            });
            for (index, document) in some.iter().enumerate() {
                let words = document.words_of_index();
                sql.push(if index == 0 { "(" } else { ", (" });
                sql.bind(document.tenant.0).push(", ").bind(document.id);
                sql.push(", array_to_tsvector(string_to_array(");
                sql.bind(words).push(", ' ')))");
            }
            sql.push(" on conflict (tenant_id, id) do update set words = excluded.words");
            tx.execute(sql).await?;
        }
    }
    Ok(())
}

pub(super) async fn forget(tx: &Tx, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<()> {
    for some in ids.chunks(500) {
        let delete = match kind {
            Kind::Execution => "delete from execution_documents where tenant_id = $1 and id in ",
            Kind::Script => "delete from script_documents where tenant_id = $1 and id in ",
        };
        let mut sql = tx.sql_of(tenant, delete);
        sql.bind_list(some.iter().map(|id| (*id).into()));
        tx.execute(sql).await?;
    }
    Ok(())
}

pub(super) async fn executions(
    db: &Scope,
    query: &Query,
    (above, below): (Uuid, Uuid),
    most: u32,
) -> Result<Vec<Uuid>> {
    // The function takes the tenant from the transaction; here it is named once more.
    let sql = db
        .sql(
            "select f.id from find_executions($2, $3, $4, $5) f (id) \
             where current_setting('app.tenant') = $1::uuid::text order by f.id desc",
        )
        .with([
            query.of_executions_for_postgres().into(),
            above.into(),
            below.into(),
            i32::try_from(most).unwrap_or(i32::MAX).into(),
        ]);
    let rows: Vec<IdRow> = db.all(sql).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

pub(super) fn narrow_scripts(sql: &mut Sql, query: &Query) {
    sql.push(" and s.id in (select find_scripts(");
    sql.bind(query.of_scripts_for_postgres()).push("))");
}
