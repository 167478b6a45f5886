//! The service `products`: what there is to sell, and how much of it is left (R-JSVC-04).

use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Value, json};

use crate::arguments;
use crate::listing::{Kind, Listing};
use crate::rows::{self, Row};

const TYPES: &str = r#"interface Product {
  id: string;
  sku: string;
  name: string;
  category: string;
  unit: string;
  /** Whole numbers of the tenant's currency. */
  price: number;
  stock: number;
}"#;

/// Most pieces of one product.
pub(crate) const MAX_STOCK: i64 = 10_000_000;

const LISTING: Listing = Listing {
    table: "products",
    fields: &[
        ("id", Kind::Id),
        ("sku", Kind::Text),
        ("name", Kind::Text),
        ("category", Kind::Text),
        ("price", Kind::Integer),
        ("stock", Kind::Integer),
    ],
    order: "sku",
};

pub(crate) fn service() -> Service {
    Service::new("products", "What there is to sell.")
        .types(TYPES)
        .method(
            "list",
            "options?: ListOptions",
            "Promise<Product[]>",
            "Products that fit all filters, by article number unless another order is asked for.",
            |call| async move { rows::list(&call, &LISTING).await },
        )
        .reads_only()
        .method(
            "get",
            "id: string",
            "Promise<Product | null>",
            "One product; null if there is none of this id.",
            get,
        )
        .reads_only()
        .method(
            "updateStock",
            "id: string, quantity: number",
            "Promise<Product>",
            "Sets how many pieces are in stock.",
            update_stock,
        )
}

async fn get(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    rows::within(&call, move |tables| {
        rows::optional(tables.find("products", id))
    })
    .await
}

async fn update_stock(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    let quantity = arguments::integer(0..=MAX_STOCK)(call.arg(1), "quantity")?;
    rows::within(&call, move |tables| {
        let change = Row::from_iter([("stock".to_owned(), json!(quantity))]);
        tables.update("products", id, &change)?;
        let product = tables.find("products", id)?;
        product
            .map(Value::Object)
            .ok_or_else(|| ServiceError::not_found(format!("there is no product {id}")))
    })
    .await
}
