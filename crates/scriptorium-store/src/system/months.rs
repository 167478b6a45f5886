//! The partitions of executions on PostgreSQL, one for each month: made before they are needed,
//! dropped as a whole when every tenant's retention is past them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use scriptorium_model::retention::DEFAULT_DAYS;
use scriptorium_model::{Ctx, TenantId, Timestamp};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::{Removal, pruned, unaudited};
use crate::db::{Dialect, FromRow, Micros, number};
use crate::error::{Error, Result};
use crate::executions::IdRow;

/// Months after the present one that have partitions already.
const AHEAD: u32 = 3;

impl Store {
    /// Makes the partitions of the months to come and drops those of the months that nobody keeps;
    /// how many months were dropped.
    pub(super) async fn turn_months(&self, now: Timestamp) -> Result<u64> {
        if self.db().dialect() == Dialect::Sqlite {
            return Ok(0);
        }
        self.make_partitions(AHEAD).await?;
        let days = i64::from(self.longest_retention().await?);
        let kept_from = now.as_microsecond() - days * 86_400_000_000;
        let mut dropped = 0;
        for month in self.months().await? {
            if month.end.0 <= kept_from && !self.is_alive(month).await? {
                dropped += self.drop_month(month).await?;
            }
        }
        Ok(dropped)
    }

    async fn longest_retention(&self) -> Result<u32> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql("select max(execution_days) as days from retention");
        let row: Option<DaysRow> = db.one(sql).await?;
        let longest = row.and_then(|row| row.days).map_or(0, number);
        Ok(longest.max(DEFAULT_DAYS))
    }

    /// The months that have a partition, the oldest first.
    async fn months(&self) -> Result<Vec<Month>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "select right(c.relname, 7) as month from pg_inherits i \
             join pg_class c on c.oid = i.inhrelid \
             where i.inhparent = 'scriptorium.executions'::regclass \
             and c.relname ~ '^executions_[0-9]{4}_[0-9]{2}$' order by 1",
        );
        let rows: Vec<MonthRow> = db.all(sql).await?;
        rows.iter().map(|row| Month::named(&row.month)).collect()
    }

    /// Whether an execution of the month has not ended: it is kept for as long as that takes.
    async fn is_alive(&self, month: Month) -> Result<bool> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select exists (select 1 from executions where status in ('pending', 'running') \
                 and id >= first_id_at($1) and id < first_id_at($2)) as alive",
            )
            .with([month.begin.into(), month.end.into()]);
        let row: Option<AliveRow> = db.one(sql).await?;
        Ok(row.is_none_or(|row| row.alive))
    }

    async fn drop_month(&self, month: Month) -> Result<u64> {
        // Before, and one by one: while the partitions go, nobody reads or records an execution. An
        // entry without its drop does no harm: what it tells of is past its retention anyway.
        for tenant in self.tenants_of(month).await? {
            let ctx = Ctx::platform(tenant);
            let tx = self.db().write(&ctx).await?;
            let note = pruned(Removal::Before(month.end.into()), None);
            let noted = self.audited(&tx, &ctx, note).await?;
            tx.commit(noted).await?;
        }
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let sql = tx
            .sql("select drop_partitions($1) as partitions")
            .with([month.begin.into()]);
        let row: Option<DroppedRow> = tx.one(sql).await?;
        tx.commit(unaudited("it was told before")).await?;
        Ok(u64::from(row.is_some_and(|row| row.partitions > 0)))
    }

    /// Who has executions of a month.
    async fn tenants_of(&self, month: Month) -> Result<Vec<TenantId>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select t.id from tenants t where exists (select 1 from executions e \
                 where e.tenant_id = t.id and e.id >= first_id_at($1) and e.id < first_id_at($2))",
            )
            .with([month.begin.into(), month.end.into()]);
        let rows: Vec<IdRow> = db.all(sql).await?;
        Ok(rows.iter().map(|row| TenantId(row.id)).collect())
    }
}

/// A calendar month of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Month {
    begin: Micros,
    /// The first instant of the next one.
    end: Micros,
}

impl Month {
    /// The month of a partition's name, such as `2026_11`.
    fn named(name: &str) -> Result<Self> {
        let unreadable = || Error::corrupt("the name of a partition");
        let (year, month) = name.split_once('_').ok_or_else(unreadable)?;
        let first = year
            .parse()
            .ok()
            .zip(month.parse().ok())
            .and_then(|(year, month)| Date::new(year, month, 1).ok())
            .ok_or_else(unreadable)?;
        let next = first.last_of_month().tomorrow().map_err(|_| unreadable())?;
        let at = |date: Date| {
            let zoned = date.to_zoned(TimeZone::UTC).map_err(|_| unreadable())?;
            Ok::<_, Error>(Micros::from(zoned.timestamp()))
        };
        Ok(Self {
            begin: at(first)?,
            end: at(next)?,
        })
    }
}

#[derive(FromRow)]
struct DaysRow {
    days: Option<i64>,
}

#[derive(FromRow)]
struct MonthRow {
    month: String,
}

#[derive(FromRow)]
struct AliveRow {
    alive: bool,
}

#[derive(FromRow)]
struct DroppedRow {
    partitions: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let november = Month::named("2026_11").unwrap();
        let december = Month::named("2026_12").unwrap();
        assert_eq!(november.end, december.begin);
        assert_eq!(december.end, Month::named("2027_01").unwrap().begin);
        let begin: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(november.begin, Micros::from(begin));
        for name in ["", "2026", "2026_13", "x_1"] {
            Month::named(name).unwrap_err();
        }
    }
}
