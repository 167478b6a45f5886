//! The tenant's secrets: what there is, and forms that write. No value is ever on the page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::clock;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::visitor::Visitor;
use crate::when::When;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "secrets.html")]
struct SecretsPage {
    frame: Frame,
    t: Texts,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    /// How many scripts may read it; `None` for all.
    scripts: Option<usize>,
    has_test_value: bool,
    at: When,
    by: String,
    previous_until: Option<When>,
}

/// `GET /secrets`
pub(crate) async fn list(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let found = site.platform.secrets().list(ctx).await;
    let found = found.map_err(explained(&visitor))?;
    let people = People::known_to(&site, &visitor).await;
    let clock = clock(&site, t);
    let page = SecretsPage {
        frame: Frame::new(t, t.get("secrets-title"), "secrets", Some(&visitor.caller)),
        t,
        rows: found
            .into_iter()
            .map(|secret| Row {
                scripts: secret.scripts.as_ref().map(Vec::len),
                has_test_value: secret.has_test_value,
                at: clock.when(secret.updated_at),
                by: people.author(secret.updated_by),
                previous_until: secret.previous_until.map(|until| clock.when(until)),
                name: secret.name,
            })
            .collect(),
    };
    Ok(answer::strict(&page))
}
