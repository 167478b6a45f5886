//! Fills two tenants with the sample business, once: `default`, and `acme` with people of its own.
//! What a tenant's users change or delete afterwards stays as they left it.

mod books;
mod dice;
mod profiles;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use scriptorium::model::permission::Role;
use scriptorium::model::script::ScriptStatus;
use scriptorium::model::user::User;
use scriptorium::model::{Actor, Ctx, Json};
use scriptorium::{ErrorKind, NewUser, Platform, ServiceError, TenantHandle};
use serde::Serialize;

use self::books::Books;
use self::profiles::{ACME, DEFAULT, Profile};
use crate::records::columns;
use crate::rows::{self, Tables};
use crate::{REPORTS_VIEW, samples};

/// Why the sample business could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Manifest and sample scripts do not fit together.
    #[error("sample script {0}")]
    Sample(String),
    /// The business tables refused the rows.
    #[error("the sample rows could not be written")]
    Rows(#[from] ServiceError),
    /// The platform refused or failed.
    #[error("the sample business could not be set up")]
    Platform(#[from] scriptorium::Error),
}

/// Fills the tenants that are still empty. The people it adds sign in with `password`; without one
/// they exist, and nobody signs in as them. The same platform clock gives the same data.
///
/// # Errors
/// The platform refused or failed; what was done stays, and the next call goes on from there.
pub async fn seed(platform: &Platform, password: Option<&str>) -> Result<(), Error> {
    let first = platform.tenant(DEFAULT.slug).await?;
    // The books end on the day of the first start, so that they do not change with the next one.
    let today = first.tenant().created_at.to_zoned(TimeZone::UTC).date();
    let second = second_tenant(platform, &first).await?;
    for (tenant, profile) in [(first, &DEFAULT), (second, &ACME)] {
        let seeding = Seeding {
            platform,
            tenant,
            profile,
            password,
        };
        seeding.fill(today).await?;
    }
    Ok(())
}

async fn second_tenant(platform: &Platform, first: &TenantHandle) -> Result<TenantHandle, Error> {
    match platform.tenant(ACME.slug).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found => return Ok(found?),
    }
    let operator = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..first.ctx().clone()
    };
    platform
        .tenants()
        .create(&operator, ACME.slug, ACME.name)
        .await?;
    Ok(platform.tenant(ACME.slug).await?)
}

struct Seeding<'a> {
    platform: &'a Platform,
    tenant: TenantHandle,
    profile: &'a Profile,
    password: Option<&'a str>,
}

impl Seeding<'_> {
    async fn fill(&self, today: Date) -> Result<(), Error> {
        // The rows come last: where they are, everything else has been.
        if self.has_rows().await? {
            return Ok(());
        }
        let admin = self.people().await?;
        self.settings().await?;
        self.scripts(&admin).await?;
        self.rows(today).await
    }

    async fn has_rows(&self) -> Result<bool, Error> {
        let count = self.within(|tables| tables.count("clients")).await?;
        Ok(count > 0)
    }

    /// Adds who is missing; gives the tenant's administrator.
    async fn people(&self) -> Result<User, Error> {
        let users = self.platform.users();
        let mut present = users.list(self.tenant.ctx()).await?;
        for person in self.staff() {
            if present.iter().any(|user| user.email == person.email) {
                continue;
            }
            present.push(users.create(self.tenant.ctx(), person).await?);
        }
        let leads = |user: &User| matches!(user.role, Role::Superadmin | Role::OrgAdmin);
        present
            .into_iter()
            .find(leads)
            .ok_or_else(|| Error::Sample("has nobody to own it".to_owned()))
    }

    fn staff(&self) -> Vec<NewUser> {
        let slug = self.profile.slug;
        let person = |mail: &str, name: &str, role, extra: &[&str], locale: &str| NewUser {
            email: format!("{mail}@{slug}.example"),
            name: name.to_owned(),
            role,
            extra_permissions: extra.iter().map(|name| (*name).to_owned()).collect(),
            password: self.password.map(str::to_owned),
            locale: locale.to_owned(),
        };
        if slug == DEFAULT.slug {
            return vec![
                person(
                    "malika",
                    "Malika Yusupova",
                    Role::Developer,
                    &[REPORTS_VIEW],
                    "uz",
                ),
                person("oleg", "Олег Петров", Role::Viewer, &[], "ru"),
            ];
        }
        vec![
            person("admin", "Wendy Acme", Role::OrgAdmin, &[], "en"),
            person("sam", "Sam Porter", Role::Developer, &[], "en"),
        ]
    }

    /// The tenant's rules, which the scripts read from storage.
    async fn settings(&self) -> Result<(), Error> {
        let storage = self.platform.storage();
        for (key, value) in self.profile.settings {
            if storage.get(self.tenant.ctx(), key).await?.is_none() {
                let value = Json::from_written(*value);
                storage.set(self.tenant.ctx(), key, value, None).await?;
            }
        }
        Ok(())
    }

    /// The sample scripts, written and activated by the administrator.
    async fn scripts(&self, admin: &User) -> Result<(), Error> {
        let ctx = Ctx {
            actor: Actor::User {
                id: admin.id,
                session: None,
            },
            permissions: admin.permissions(),
            ..self.tenant.ctx().clone()
        };
        let scripts = self.platform.scripts();
        for definition in samples::definitions()? {
            let script = match scripts.find_by_name(&ctx, &definition.name).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    scripts.create(&ctx, definition, "Sample script").await?
                }
                found => found?,
            };
            if script.status == ScriptStatus::Draft {
                scripts
                    .set_status(&ctx, script.id, ScriptStatus::Active, None)
                    .await?;
            }
        }
        Ok(())
    }

    async fn rows(&self, today: Date) -> Result<(), Error> {
        let books = Books::open(self.profile, today);
        let write = move |tables: &mut Tables<'_>| {
            insert(tables, "clients", &books.clients)?;
            insert(tables, "products", &books.products)?;
            insert(tables, "orders", &books.orders)?;
            insert(tables, "order_items", &books.items)?;
            insert(tables, "invoices", &books.invoices)
        };
        self.within(write).await
    }

    async fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Error> {
        Ok(rows::transact(self.tenant.data(), self.tenant.ctx(), work).await?)
    }
}

fn insert(
    tables: &mut Tables<'_>,
    table: &str,
    records: &[impl Serialize],
) -> Result<(), ServiceError> {
    records
        .iter()
        .try_for_each(|record| tables.insert(table, &columns(record)))
}
