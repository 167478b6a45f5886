//! The pages of notifications: what a script sent, whoever reads it.

use scriptorium::Execute;
use scriptorium::model::notification::SendMode;
use scriptorium::model::permission::Role;

use crate::site::Site;

const SOURCE: &str = "export default () => services.notifications.sendEmail({
    to: 'ada@example.com', subject: '<b>Your receipt</b>', body: '<img src=x onerror=alert(1)>' });";

#[tokio::test]
async fn notifications_have_a_list_and_a_page_each() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let empty = site.get(Some(&admin), "/notifications").await;
    assert!(empty.html.contains("No notifications"));
    let notifications = site.platform.notifications();
    let mode = notifications.set_mode(&admin.ctx, SendMode::Record);
    mode.await.unwrap();
    let script = site.script("receipt", "").await;
    let trial = Execute {
        source: Some(SOURCE.to_owned()),
        ..Site::by_hand(script.id)
    };
    let executions = site.platform.executions();
    let execution = executions.execute(&admin.ctx, trial).await.unwrap().id;

    let list = site.get(Some(&admin), "/notifications").await;
    assert_eq!(list.status, 200);
    assert!(list.html.contains("Nothing is sent"));
    assert!(
        list.html.contains("&#60;b&#62;Your receipt&#60;/b&#62;"),
        "{}",
        list.html
    );
    assert!(list.html.contains("1 / 1000"));
    let (_, rest) = list
        .html
        .split_once("row-link block truncate\" href=\"")
        .unwrap();
    let (path, _) = rest.split_once('"').unwrap();
    let page = site.get(Some(&admin), path).await;
    assert_eq!(page.status, 200);
    for part in [
        "Recorded only",
        "ada@example.com",
        &format!("/executions/{execution}"),
        "img src=x",
    ] {
        assert!(page.html.contains(part), "{part}");
    }
    assert!(!page.html.contains("<img") && !page.html.contains("<b>Your"));
    // What was recorded is not sent by a button.
    assert!(!page.html.contains("/retry") && !page.html.contains("/discard"));

    for (path, empty) in [
        ("/notifications?status=failed", true),
        ("/notifications?channel=sms", true),
        ("/notifications?status=recorded&channel=email", false),
        (&format!("/notifications?execution={execution}"), false),
        (
            &format!("/notifications?script={}", scriptorium::model::Uuid::max()),
            true,
        ),
    ] {
        let page = site.get(Some(&admin), path).await;
        assert_eq!(page.html.contains("No notification fits"), empty, "{path}");
    }
    for role in [Role::Developer, Role::Viewer] {
        let caller = site.user(role, "ru").await;
        assert_eq!(site.get(Some(&caller), "/notifications").await.status, 403);
        assert_eq!(site.get(Some(&caller), path).await.status, 403);
        let scripts = site.get(Some(&caller), "/scripts").await;
        assert!(!scripts.html.contains("/notifications"));
    }
}
