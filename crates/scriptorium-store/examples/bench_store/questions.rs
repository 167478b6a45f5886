//! The questions: what the pages and the platform ask all day, each of another tenant every time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use scriptorium_model::execution::{ExecutionStatus, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::{Ctx, ScriptId, TenantId, Timestamp};
use scriptorium_store::{ExecutionFilter, Finished, ScriptFilter, Store};

use crate::plans::{Plan, Plans};
use crate::rows::{CUSTOMERS, Source};
use crate::shape::Shape;
use crate::world::{World, ended};

/// One kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Scripts,
    ScriptsByWord,
    Executions,
    DeepPage,
    DeepFiltered,
    OfScriptByStatus,
    ByTriggerAndTime,
    RareWord,
    CommonWord,
    CommonWordFiltered,
    DueSchedules,
    Endpoints,
    Subscriptions,
    VersionDiff,
}

impl Question {
    pub(crate) const ALL: [Self; 14] = [
        Self::Scripts,
        Self::ScriptsByWord,
        Self::Executions,
        Self::DeepPage,
        Self::DeepFiltered,
        Self::OfScriptByStatus,
        Self::ByTriggerAndTime,
        Self::RareWord,
        Self::CommonWord,
        Self::CommonWordFiltered,
        Self::DueSchedules,
        Self::Endpoints,
        Self::Subscriptions,
        Self::VersionDiff,
    ];

    /// What is asked, for the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scripts => "scripts, first page",
            Self::ScriptsByWord => "scripts, a word in one of twenty",
            Self::Executions => "executions, first page",
            Self::DeepPage => "executions, page deep in the list",
            Self::DeepFiltered => "executions completed, page deep in the list",
            Self::OfScriptByStatus => "executions of one script that failed",
            Self::ByTriggerAndTime => "executions by trigger, ten days in the middle",
            Self::RareWord => "search, a word in at most 100 rows",
            Self::CommonWord => "search, a word in 5 % of the tenant's",
            Self::CommonWordFiltered => "search, that word in what timed out",
            Self::DueSchedules => "due schedules of all tenants, 100",
            Self::Endpoints => "routing table of a tenant",
            Self::Subscriptions => "scripts of an event type",
            Self::VersionDiff => "two versions of 100 KB, and their difference",
        }
    }

    /// What its 99th percentile should be at most.
    pub(crate) fn target(self) -> Duration {
        Duration::from_millis(match self {
            Self::RareWord | Self::CommonWord | Self::CommonWordFiltered | Self::VersionDiff => 50,
            _ => 20,
        })
    }

    /// The index that must be in a plan; on SQLite and on PostgreSQL they have one name, but for
    /// keys.
    pub(crate) fn index(self) -> &'static [&'static str] {
        match self {
            Self::Scripts | Self::ScriptsByWord => &["scripts_"],
            Self::Executions | Self::DeepPage => &["sqlite_autoindex_executions_1", "pkey"],
            Self::DeepFiltered => &["executions_status", "status_id_idx"],
            Self::OfScriptByStatus => &["executions_script", "script_id_id"],
            Self::ByTriggerAndTime => &["executions_trigger", "trigger_kind_id"],
            Self::RareWord | Self::CommonWord | Self::CommonWordFiltered => {
                &["VIRTUAL TABLE INDEX", "words_idx"]
            }
            Self::DueSchedules => &["schedules_due"],
            Self::Endpoints => &[
                "endpoints_route",
                "sqlite_autoindex_endpoints_1",
                "endpoints_pkey",
            ],
            Self::Subscriptions => &["subscriptions_type"],
            Self::VersionDiff => &["script_versions"],
        }
    }
}

/// What one question came to.
pub(crate) struct Answer {
    pub(crate) question: Question,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Rows of the last answer.
    pub(crate) rows: usize,
    pub(crate) plans: Vec<Plan>,
}

/// Everything that was asked of one database.
pub(crate) struct Answers {
    pub(crate) questions: Vec<Answer>,
    pub(crate) recorded_per_second: f64,
}

/// Asks for the scripts of an event type, for which the store has no question of its own yet.
pub(crate) trait Subscribed {
    async fn subscribed(&self, tenant: TenantId, event: &str) -> Result<usize>;
}

/// Somebody who asks.
pub(crate) struct Asker<'a, S> {
    pub(crate) store: &'a Store,
    pub(crate) world: &'a World,
    pub(crate) source: &'a Source,
    pub(crate) shape: Shape,
    pub(crate) subscribed: &'a S,
}

impl<S: Subscribed> Asker<'_, S> {
    /// The plans of every question.
    pub(crate) async fn plans(&self, plans: &impl Plans) -> Result<Vec<Vec<Plan>>> {
        let deep = self.deep_cursors().await?;
        let mut found = Vec::new();
        for question in Question::ALL {
            plans.begin()?;
            self.ask(question, 0, &deep).await?;
            found.push(plans.end()?);
        }
        Ok(found)
    }

    /// How long every question takes, and how fast ends are recorded.
    pub(crate) async fn time(&self, plans: Vec<Vec<Plan>>) -> Result<Answers> {
        let deep = self.deep_cursors().await?;
        let mut questions = Vec::new();
        for (question, plans) in Question::ALL.into_iter().zip(plans) {
            let mut times = Vec::new();
            let mut rows = 0;
            let begin = Instant::now();
            for round in 0..self.shape.rounds {
                let asked = Instant::now();
                rows = self
                    .ask(question, round, &deep)
                    .await
                    .with_context(|| question.name())?;
                times.push(asked.elapsed());
                if begin.elapsed() > Duration::from_secs(10) {
                    break;
                }
            }
            times.sort_unstable();
            let large = self.shape.executions >= 100_000;
            ensure!(rows > 0 || !large, "nothing was found: {}", question.name());
            questions.push(Answer {
                question,
                p50: times[times.len() / 2],
                p99: times[(times.len() * 99 / 100).min(times.len() - 1)],
                rows,
                plans,
            });
        }
        Ok(Answers {
            questions,
            recorded_per_second: self.record().await?,
        })
    }

    fn ctx(&self, round: usize) -> Ctx {
        Ctx::platform(self.world.tenants[round % self.world.tenants.len()])
    }

    fn now(&self) -> Timestamp {
        self.world.ambient.now()
    }

    async fn ask(&self, question: Question, round: usize, deep: &Deep) -> Result<usize> {
        let ctx = self.ctx(round);
        let page = PageRequest::first();
        let place = round % self.world.tenants.len();
        let filter = self.filter(question, round);
        Ok(match question {
            Question::Scripts | Question::ScriptsByWord => {
                let filter = ScriptFilter {
                    q: (question == Question::ScriptsByWord).then(|| "warehouse".into()),
                    ..ScriptFilter::default()
                };
                let list = self.store.list_scripts(&ctx, &filter, &page).await?;
                list.items.len()
            }
            Question::DeepPage | Question::DeepFiltered => {
                let cursors = if question == Question::DeepPage {
                    &deep.plain
                } else {
                    &deep.filtered
                };
                let place = round % cursors.len();
                let page = PageRequest {
                    cursor: Some(cursors[place].clone()),
                    ..page
                };
                let ctx = self.ctx(place);
                self.store
                    .list_executions(&ctx, &filter, &page)
                    .await?
                    .items
                    .len()
            }
            Question::DueSchedules => self.store.due_schedules(self.now(), 100).await?.len(),
            Question::Endpoints => self.store.list_active_endpoints(ctx.tenant).await?.len(),
            Question::Subscriptions => {
                let event = format!("order.kind{}", 2 + 5 * (round % 10));
                self.subscribed
                    .subscribed(self.world.tenants[place], &event)
                    .await?
            }
            Question::VersionDiff => self.difference().await?,
            _ => self
                .store
                .list_executions(&ctx, &filter, &page)
                .await?
                .items
                .len(),
        })
    }

    fn filter(&self, question: Question, round: usize) -> ExecutionFilter {
        let mut filter = ExecutionFilter::default();
        let place = round % self.world.tenants.len();
        match question {
            Question::DeepFiltered => filter.status = Some(ExecutionStatus::Completed),
            Question::OfScriptByStatus => {
                let number = (round as u64 * 7) % self.shape.scripts_of_tenant();
                filter.script = Some(ScriptId(self.source.script(place, number)));
                filter.status = Some(ExecutionStatus::Failed);
            }
            Question::ByTriggerAndTime => {
                let at = |days: i64| {
                    let ms = self.source.begin_ms() as i64 + days * 86_400_000;
                    Timestamp::from_millisecond(ms).ok()
                };
                filter.trigger = Some(TriggerKind::Http);
                (filter.from, filter.to) = (at(40), at(50));
            }
            Question::RareWord => {
                filter.q = Some(format!(
                    "customer{}",
                    100 + (round as u64 * 37) % (CUSTOMERS - 100)
                ));
            }
            Question::CommonWord => filter.q = Some("samarqand".into()),
            Question::CommonWordFiltered => {
                filter.q = Some("samarqand".into());
                filter.status = Some(ExecutionStatus::Timeout);
            }
            _ => {}
        }
        filter
    }

    async fn difference(&self) -> Result<usize> {
        let (store, large) = (self.store, &self.world.large);
        let ctx = Ctx::platform(large.tenant);
        let one = store.find_version(&ctx, large.id, 1).await?;
        let two = store.find_version(&ctx, large.id, 2).await?;
        let (one, two) = (one.definition.source, two.definition.source);
        let difference = similar::TextDiff::from_lines(one.as_str(), two.as_str());
        Ok(difference.ops().len())
    }

    /// Cursors of pages in the middle of the lists of some tenants.
    async fn deep_cursors(&self) -> Result<Deep> {
        let mut deep = Deep::default();
        let pages = (self.shape.executions / self.shape.tenants / 200 / 2).min(250);
        for place in 0..self.world.tenants.len().min(8) {
            for question in [Question::DeepPage, Question::DeepFiltered] {
                let filter = self.filter(question, place);
                let mut cursor = None;
                for _ in 0..pages.max(1) {
                    // A cursor belongs to the filter, not to the size of the page.
                    let page = PageRequest { limit: 200, cursor };
                    let list = self
                        .store
                        .list_executions(&self.ctx(place), &filter, &page)
                        .await?;
                    cursor = list.next_cursor;
                }
                let cursors = if question == Question::DeepPage {
                    &mut deep.plain
                } else {
                    &mut deep.filtered
                };
                cursors.push(cursor.context("the list is too short for a deep page")?);
            }
        }
        Ok(deep)
    }

    /// How many ends a second are recorded by 256 callers, beside all that is there already.
    async fn record(&self) -> Result<f64> {
        let begin = Instant::now();
        let time = self.shape.recording;
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..256 {
            let (store, ambient) = (self.store.clone(), self.world.ambient.clone());
            let script = self.world.large.clone();
            let ctx = Ctx::platform(script.tenant);
            callers.spawn(async move {
                let mut recorded = 0_u64;
                while begin.elapsed() < time {
                    let finished = Finished {
                        execution: ended(&ambient, &script),
                        lease: None,
                        logs: Vec::new(),
                        events: Vec::new(),
                        incidents: Vec::new(),
                    };
                    store.record(&ctx, finished).await?.await?;
                    recorded += 1;
                }
                anyhow::Ok(recorded)
            });
        }
        let mut recorded = 0;
        while let Some(done) = callers.join_next().await {
            recorded += done??;
        }
        Ok(recorded as f64 / begin.elapsed().as_secs_f64())
    }
}

/// Cursors by tenant.
#[derive(Default)]
struct Deep {
    plain: Vec<String>,
    filtered: Vec<String>,
}
