//! A host application in one page: it embeds the platform, takes two orders, and asks the tenant's
//! own scripts (`validate-order` among them) whether they may be accepted.
//!
//! `cargo run -p scriptorium-erp [FOLDER]` keeps its data in FOLDER, `data/erp` if left out.

use std::io::Write as _;
use std::time::Duration;

use scriptorium::{Platform, TenantHandle, Verdict};
use scriptorium_erp::{ORDER_ACCEPT, ORDER_ACCEPTED};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "data/erp".to_owned());
    let builder = Platform::builder().data_dir(folder).triggers(false);
    let platform = scriptorium_erp::install(builder).start().await?;
    scriptorium_erp::seed(&platform, None).await?;

    let business = platform.tenant("default").await?;
    for pieces in [12, 100_000] {
        let order = wanted(&business, pieces).await?;
        let verdict = business
            .transaction(|tx| tx.before(ORDER_ACCEPT, order))
            .await?;
        report(pieces, &verdict)?;
        if let Verdict::Pass(order) = verdict {
            business.publish(ORDER_ACCEPTED, &order).await?;
        }
    }
    platform.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// An order of one client for so many pieces of one product.
async fn wanted(business: &TenantHandle, pieces: u32) -> Result<Value, Failure> {
    let client = first(business, CLIENT).await?;
    let product = first(business, PRODUCT).await?;
    let price = product["price"].as_i64().unwrap_or(0);
    Ok(json!({
        "customer_id": client["id"],
        "items": [{ "product_id": product["id"], "quantity": pieces }],
        "total": price * i64::from(pieces),
    }))
}

const CLIENT: &str = "SELECT id FROM clients WHERE status = 'active' AND credit_limit > 0 \
    ORDER BY credit_limit DESC, id LIMIT 1";
const PRODUCT: &str = "SELECT id, price FROM products WHERE stock > 50 ORDER BY price, id LIMIT 1";

/// The first row of a query on the host's own tables.
async fn first(business: &TenantHandle, sql: &str) -> Result<Value, Failure> {
    let rows = business
        .data()
        .query(business.ctx(), sql, Vec::new())
        .await?;
    let row = rows
        .into_iter()
        .next()
        .ok_or("the sample business has no such row")?;
    Ok(Value::Object(row))
}

fn report(pieces: u32, verdict: &Verdict<Value>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match verdict {
        Verdict::Pass(_) => writeln!(out, "an order of {pieces} pieces is accepted"),
        Verdict::Veto(veto) => {
            writeln!(out, "{} refuses an order of {pieces} pieces", veto.script)?;
            for objection in &veto.errors {
                writeln!(out, "  {}", objection.message)?;
            }
            Ok(())
        }
    }
}
