//! The servers that share a database, for who may manage tenants.

use axum::Json;
use axum::extract::State;
use scriptorium::Node;
use scriptorium::model::{Timestamp, Uuid};
use serde::Serialize;
use utoipa::ToSchema;

use super::{List, Refused};
use crate::auth::Authenticated;
use crate::problem::Problem;
use crate::state::App;

/// A server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeBody {
    id: Uuid,
    /// What the operator calls it; the machine's name by default.
    name: String,
    /// The version of the product that it runs.
    version: String,
    started_at: Timestamp,
    /// When it was there last, by the database's clock; a few seconds ago unless it is gone.
    seen_at: Timestamp,
}

impl From<Node> for NodeBody {
    fn from(node: Node) -> Self {
        Self {
            id: node.id,
            name: node.name,
            version: node.version,
            started_at: node.started_at,
            seen_at: node.seen_at,
        }
    }
}

/// The servers that share the platform's PostgreSQL database; none on SQLite.
#[utoipa::path(get, path = "/nodes", tag = "operations",
    responses((status = 200, body = List<NodeBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<NodeBody>>, Problem> {
    let nodes = app.platform.nodes(caller.ctx()).await?;
    Ok(Json(List::whole(nodes, NodeBody::from)))
}
