//! The web pages: templates, assets and texts in three languages. Pages read through the façade;
//! whatever changes something is a call of the management API from the browser, so that there is
//! one door for changes. Handlers hold no rules: who may do what comes from the model's policy.

mod answer;
mod assets;
mod days;
mod failure;
mod frame;
mod head;
mod island;
mod pages;
mod people;
mod rhythm;
mod starters;
mod subscription;
mod texts;
mod timetable;
mod view;
mod visitor;
mod when;

use axum::Router;
use scriptorium::Platform;
use scriptorium::model::Ambient;

pub use rhythm::describe;

/// What the pages need besides the platform.
#[derive(Clone, Debug)]
pub struct UiSettings {
    /// Tells the time that relative dates are counted from.
    pub ambient: Ambient,
}

/// What every handler can reach.
#[derive(Clone)]
struct Site {
    platform: Platform,
    settings: UiSettings,
}

/// The routes of all pages and assets, and a not-found page for every other path.
///
/// The caller is taken from an `Extension<Option<scriptorium::Caller>>`, which the server's
/// authentication puts into each request; without one, pages lead to `/login`. Every answer carries
/// its own `Content-Security-Policy`.
pub fn router(platform: Platform, settings: UiSettings) -> Router {
    pages::router().with_state(Site { platform, settings })
}
