//! Makes the rows of one tenant out of its profile: the same for the same profile and day.
//! Knows how a small business looks, not how rows are stored.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use scriptorium::model::{Timestamp, Uuid};

use super::dice::Dice;
use super::profiles::Profile;
use crate::records::{Client, Invoice, Order, OrderItem, Product};

/// Days of history.
const HISTORY_DAYS: i64 = 150;
/// Records that were entered twice.
const DUPLICATES: usize = 6;
/// Clients out of a hundred who stopped ordering.
const DORMANT_PERCENT: i64 = 30;
/// Days without an order of somebody who stopped.
const DORMANT_DAYS: i64 = 45;

/// All rows of one tenant.
pub(crate) struct Books {
    pub(crate) clients: Vec<Client>,
    pub(crate) products: Vec<Product>,
    pub(crate) orders: Vec<Order>,
    pub(crate) items: Vec<OrderItem>,
    pub(crate) invoices: Vec<Invoice>,
}

impl Books {
    /// The books as they stand on the morning of `today`.
    pub(crate) fn open(profile: &Profile, today: Date) -> Self {
        let mut author = Author {
            dice: Dice::named(profile.slug),
            profile,
            morning: today
                .to_zoned(TimeZone::UTC)
                .map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp()),
        };
        let products = author.products();
        let mut clients = author.clients();
        let (orders, items) = author.orders(&clients, &products);
        let invoices = author.invoices(&orders);
        note_activity(&mut clients, &orders);
        author.add_duplicates(&mut clients);
        Self {
            clients,
            products,
            orders,
            items,
            invoices,
        }
    }
}

struct Author<'a> {
    dice: Dice,
    profile: &'a Profile,
    morning: Timestamp,
}

impl Author<'_> {
    fn products(&mut self) -> Vec<Product> {
        let mut products = Vec::new();
        for (index, (category, name, unit, price)) in self.profile.products.iter().enumerate() {
            // A few are sold out, which the order validation should notice.
            let stock = if index % 9 == 8 {
                0
            } else {
                self.dice.between(40, 400)
            };
            products.push(Product {
                id: self.dice.id(),
                sku: format!("{}-{:03}", category[..2].to_uppercase(), index + 1),
                name: (*name).to_owned(),
                category: (*category).to_owned(),
                unit: (*unit).to_owned(),
                price: *price,
                stock,
            });
        }
        products
    }

    fn clients(&mut self) -> Vec<Client> {
        let people = self.profile.people.iter().map(|known| (known, false));
        let companies = self.profile.companies.iter().map(|known| (known, true));
        let mut clients = Vec::new();
        for ((name, mail), company) in people.chain(companies) {
            let created_at = {
                let age = self.dice.between(HISTORY_DAYS, 400);
                self.ago(age)
            };
            let credit_limit = if company {
                self.profile.credit_step * self.dice.between(1, 6)
            } else {
                0
            };
            let segment = match (company, self.dice.chance(15)) {
                (true, _) => "wholesale",
                (false, true) => "vip",
                (false, false) => "retail",
            };
            let status = if self.dice.chance(6) {
                "blocked"
            } else {
                "active"
            };
            clients.push(Client {
                id: self.dice.id(),
                name: (*name).to_owned(),
                phone: (self.profile.phone)(clients.len()),
                email: Some(format!("{mail}@example.com")),
                city: Some((*self.dice.pick(self.profile.cities)).to_owned()),
                segment: segment.to_owned(),
                status: status.to_owned(),
                credit_limit,
                last_activity: created_at,
                reminded_at: None,
                created_at,
            });
        }
        clients
    }

    /// Orders from the oldest to the newest, with their items.
    fn orders(&mut self, clients: &[Client], products: &[Product]) -> (Vec<Order>, Vec<OrderItem>) {
        let least_age: Vec<i64> = clients
            .iter()
            .map(|_| {
                if self.dice.chance(DORMANT_PERCENT) {
                    DORMANT_DAYS
                } else {
                    0
                }
            })
            .collect();
        let mut drafts = Vec::new();
        for _ in 0..self.profile.orders {
            let places: Vec<usize> = (0..clients.len()).collect();
            let place = *self.dice.pick(&places);
            // The business grows: the smaller of two throws is more often small.
            let [one, other] = [(); 2].map(|()| self.dice.between(least_age[place], HISTORY_DAYS));
            let age = one.min(other);
            drafts.push((age, clients[place].id));
        }
        drafts.sort_by_key(|(age, _)| std::cmp::Reverse(*age));

        let (mut orders, mut items) = (Vec::new(), Vec::new());
        for (index, (age, customer)) in drafts.into_iter().enumerate() {
            let id = self.dice.id();
            let lines = self.items(id, products);
            let created_at = self.ago(age);
            orders.push(Order {
                id,
                number: format!("SO-{}", 10_001 + index),
                customer_id: customer,
                status: self.order_status(age).to_owned(),
                total: lines
                    .iter()
                    .map(|line| line.unit_price * line.quantity)
                    .sum(),
                delivery_date: created_at
                    .to_zoned(TimeZone::UTC)
                    .date()
                    .checked_add(self.dice.between(1, 6).days())
                    .ok(),
                note: None,
                created_at,
            });
            items.extend(lines);
        }
        (orders, items)
    }

    fn items(&mut self, order: Uuid, products: &[Product]) -> Vec<OrderItem> {
        let mut lines: Vec<OrderItem> = Vec::new();
        for _ in 0..self.dice.between(1, 4) {
            let product = self.dice.pick(products);
            if lines.iter().any(|line| line.product_id == product.id) {
                continue;
            }
            lines.push(OrderItem {
                id: self.dice.id(),
                order_id: order,
                position: i64::try_from(lines.len()).unwrap_or(0) + 1,
                product_id: product.id,
                quantity: self.dice.between(1, 24),
                unit_price: product.price,
            });
        }
        lines
    }

    /// Old orders are done; some of the last days still wait.
    fn order_status(&mut self, age: i64) -> &'static str {
        let settled = self.dice.between(1, 100);
        match age {
            0..8 if settled <= 60 => "new",
            _ if settled <= 8 => "cancelled",
            _ => "processed",
        }
    }

    fn invoices(&mut self, orders: &[Order]) -> Vec<Invoice> {
        let mut invoices = Vec::new();
        for order in orders.iter().filter(|order| order.status == "processed") {
            let issued_at = order.created_at;
            let paid_at = later(issued_at, self.dice.between(2, 20));
            let paid = paid_at < self.morning && self.dice.chance(88);
            let number = format!("INV-{}", 1_001 + invoices.len());
            invoices.push(Invoice {
                id: self.dice.id(),
                payment_reference: paid.then(|| format!("bank-{number}")),
                number,
                order_id: order.id,
                customer_id: order.customer_id,
                amount: order.total,
                status: if paid { "paid" } else { "open" }.to_owned(),
                issued_at,
                due_at: later(issued_at, 14),
                paid_at: paid.then_some(paid_at),
            });
        }
        invoices
    }

    /// Some people are in the books twice, their number written in another way: what an import
    /// from an older program leaves behind.
    fn add_duplicates(&mut self, clients: &mut Vec<Client>) {
        for index in 0..DUPLICATES {
            let original = clients[index * 3].clone();
            clients.push(Client {
                id: self.dice.id(),
                name: original.name.to_uppercase(),
                phone: original.phone.replace([' ', '-'], ""),
                email: None,
                created_at: later(original.created_at, 1),
                ..original
            });
        }
    }

    /// An instant in working hours, so many days before this morning.
    fn ago(&mut self, days: i64) -> Timestamp {
        let minutes = self.dice.between(4 * 60, 13 * 60) - 24 * 60 * (days + 1);
        self.morning
            .checked_add(minutes.minutes())
            .unwrap_or(self.morning)
    }
}

fn later(instant: Timestamp, days: i64) -> Timestamp {
    instant.checked_add((24 * days).hours()).unwrap_or(instant)
}

/// The last activity of a client is the newest order that was not cancelled.
fn note_activity(clients: &mut [Client], orders: &[Order]) {
    let kept = orders.iter().filter(|order| order.status != "cancelled");
    // Orders are in the order of time, so that the newest stays.
    let newest: BTreeMap<Uuid, Timestamp> = kept
        .map(|order| (order.customer_id, order.created_at))
        .collect();
    for client in clients {
        if let Some(at) = newest.get(&client.id) {
            client.last_activity = *at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::profiles::{ACME, DEFAULT};
    use super::*;

    fn books(profile: &Profile) -> Books {
        Books::open(profile, jiff::civil::date(2026, 3, 2))
    }

    #[test]
    fn books_are_the_same_every_time_and_differ_between_tenants() {
        let shown = |profile| {
            let books = books(profile);
            format!("{:?}{:?}{:?}", books.clients, books.orders, books.invoices)
        };
        assert_eq!(shown(&DEFAULT), shown(&DEFAULT));
        assert_ne!(shown(&DEFAULT), shown(&ACME));
    }

    #[test]
    fn books_hold_what_the_sample_scripts_look_for() {
        for profile in [&DEFAULT, &ACME] {
            let books = books(profile);
            let month_ago = later(books_morning(), -30);
            let count = |what: &dyn Fn(&Client) -> bool| {
                books.clients.iter().filter(|client| what(client)).count()
            };
            let rows = books.clients.len()
                + books.products.len()
                + books.orders.len()
                + books.items.len()
                + books.invoices.len();
            assert!(
                (200..900).contains(&rows),
                "{rows} rows of {}",
                profile.slug
            );
            assert!(
                count(&|c| c.last_activity < month_ago) >= 5,
                "inactive clients"
            );
            assert!(
                count(&|c| c.last_activity >= month_ago) >= 5,
                "active clients"
            );
            assert!(count(&|c| c.email.is_none()) == DUPLICATES);
            assert!(books.products.iter().any(|p| p.stock == 0));
            assert!(books.invoices.iter().any(|i| i.status == "open"));
            assert!(books.orders.iter().any(|o| o.status == "new"));
            assert!(books.orders.iter().all(|o| o.created_at < books_morning()));
        }
    }

    fn books_morning() -> Timestamp {
        "2026-03-02T00:00:00Z".parse().unwrap()
    }
}
