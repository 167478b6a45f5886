//! The pages about events: what a script is subscribed to, what is parked, what somebody should look at.

use scriptorium::model::permission::Role;
use scriptorium::model::script::{Definition, Script, ScriptStatus};
use scriptorium::model::trigger::{Subscription, Trigger};

use crate::site::Site;

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

async fn listener(site: &Site) -> Script {
    let admin = site.admin().await;
    let trigger = Trigger::Event(Subscription::to(["order.created"]));
    let definition = Definition {
        name: "listens".into(),
        source: "return 1".into(),
        ..Definition::blank(trigger)
    };
    let scripts = site.platform.scripts();
    let script = scripts.create(&admin.ctx, definition, "").await.unwrap();
    let active = scripts.set_status(&admin.ctx, script.id, ScriptStatus::Active, None);
    active.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_suspended_and_resumed_on_the_scripts_page() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = listener(&site).await;
    let page = format!("/scripts/{}/executions", script.id);
    let call = |what: &str| format!("POST /scripts/{}/subscription/{what}\"", script.id);
    let found = site.get(Some(&admin), &page).await;
    assert!(found.html.contains("id=\"subscription\""));
    assert!(found.html.contains(&call("suspend")));
    assert!(!found.html.contains(&call("resume")));
    let subscriptions = site.platform.subscriptions();
    let suspended = subscriptions.suspend(&admin.ctx, script.id, Some(HOSTILE));
    suspended.await.unwrap();
    let found = site.get(Some(&admin), &page).await;
    assert!(found.html.contains(&call("resume")));
    assert!(!found.html.contains(&call("suspend")));
    assert!(!found.html.contains(HOSTILE), "a reason is text");
    assert!(found.html.contains("&#60;img") || found.html.contains("&lt;img"));
    let viewer = site.user(Role::Viewer, "ru").await;
    let found = site.get(Some(&viewer), &page).await;
    assert!(found.html.contains("id=\"subscription\""));
    assert!(
        !found.html.contains(&call("resume")),
        "who reads is offered nothing"
    );
    let other = site.script("by hand", "").await;
    let page = format!("/scripts/{}/executions", other.id);
    let found = site.get(Some(&admin), &page).await;
    assert!(!found.html.contains("id=\"subscription\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_script_is_tried_with_samples_and_has_an_order() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = listener(&site).await;
    let page = site
        .get(Some(&admin), &format!("/scripts/{}", script.id))
        .await;
    for field in ["f-order", "sample"] {
        assert!(page.html.contains(&format!("id=\"{field}\"")), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_have_a_page_and_a_badge() {
    let site = Site::new().await;
    let admin = site.admin().await;
    for locale in ["en", "ru", "uz"] {
        let viewer = site.user(Role::Viewer, locale).await;
        let page = site.get(Some(&viewer), "/alerts").await;
        assert!(page.html.contains("hx-get=\"/alerts/badge\""));
        assert!(
            !page.html.contains("acknowledge\""),
            "who reads is offered nothing"
        );
    }
    let badge = site.get(Some(&admin), "/alerts/badge").await;
    assert!(badge.html.contains("id=\"alert-badge\""));
    assert!(!badge.html.contains("<html"));
    let all = site.get(Some(&admin), "/alerts?show=all").await;
    assert!(all.html.contains("href=\"/alerts\""));
}
