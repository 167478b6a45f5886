//! The whole policy as a table that can be read without knowing Rust.

use scriptorium_model::permission::{Permission, PermissionSet, Role};
use scriptorium_model::policy::{self, Action};
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Actor, Ctx, ScriptId, TenantId, Timestamp, UserId, Uuid};

fn script(created_by: UserId) -> Script {
    Script {
        id: ScriptId(Uuid::nil()),
        tenant: TenantId(Uuid::nil()),
        definition: Definition {
            name: "abc".into(),
            description: String::new(),
            source: "return 1".into(),
            language: Language::JavaScript,
            entry: None,
            trigger: Trigger::OneOff,
            limits: Default::default(),
            input_schema: None,
            output_schema: None,
            compatibility: None,
            database: Default::default(),
            allowed_services: None,
            library: false,
            concurrency: None,
            run_as: None,
            tags: vec![],
            metadata: Default::default(),
        },
        status: ScriptStatus::Active,
        version: 1,
        owner: Some(created_by),
        updated_by: Some(created_by),
        activated_by: None,
        created_by: Some(created_by),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        paused_reason: None,
    }
}

#[test]
fn roles_may_do_what_the_table_says() {
    let me = UserId(Uuid::from_u128(1));
    let other = UserId(Uuid::from_u128(2));
    let rows: Vec<String> = Role::ALL
        .into_iter()
        .map(|role| {
            let ctx = Ctx {
                tenant: TenantId(Uuid::nil()),
                actor: Actor::User {
                    id: me,
                    session: None,
                },
                permissions: role.permissions(),
                origin: None,
            };
            let may = |action, owner| {
                if policy::may(&ctx, action, &script(owner)).is_ok() {
                    "yes"
                } else {
                    "no"
                }
            };
            format!(
                "{}: read {} execute {} update own {} update other {} reactivate own {} delete {}",
                role.as_str(),
                may(Action::Read, other),
                may(Action::Execute, other),
                may(Action::Update, me),
                may(Action::Update, other),
                may(Action::Reactivate, me),
                may(Action::Delete, me),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "superadmin: read yes execute yes update own yes update other yes reactivate own yes delete yes",
            "org_admin: read yes execute yes update own yes update other yes reactivate own yes delete yes",
            "developer: read yes execute yes update own yes update other no reactivate own no delete no",
            "viewer: read yes execute no update own no update other no reactivate own no delete no",
        ]
    );
}

#[test]
fn only_a_named_grant_reaches_other_tenants() {
    assert!(
        !Role::OrgAdmin
            .permissions()
            .allows(Permission::TenantsManage.as_str())
    );
    assert!(
        Role::Superadmin
            .permissions()
            .allows(Permission::TenantsManage.as_str())
    );
}

#[test]
fn an_intersection_grants_no_more_than_either_side() {
    let all = PermissionSet::all();
    let some = PermissionSet::from_names(["scripts.read", "reports.view"]);
    assert_eq!(all.intersection(&some), some);
    assert_eq!(some.intersection(&all), some);
    assert!(all.covers(&some) && !some.covers(&all));
    let superadmin = Role::Superadmin.permissions();
    assert!(
        !superadmin
            .intersection(&all)
            .allows(Permission::TenantsManage.as_str())
    );
    assert_eq!(
        PermissionSet::none().intersection(&all),
        PermissionSet::none()
    );
}
