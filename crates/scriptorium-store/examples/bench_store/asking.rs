//! Asks the questions of a filled database through the public interface: once for their plans, many
//! times for their figures. Every other question is the largest tenant's, the rest are the others'
//! in turn.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use scriptorium_model::execution::{ExecutionStatus, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::ScriptType;
use scriptorium_model::{Ctx, EventId, ExecutionId, ScriptId, Timestamp};
use scriptorium_store::events::EventFilter;
use scriptorium_store::{
    ExecutionField, ExecutionFilter, ExecutionSort, ScriptFilter, ScriptSort, SortField, Store,
};
use similar::{Algorithm, TextDiff};
use tokio_util::sync::CancellationToken;

use crate::filling::TAGS;
use crate::machine;
use crate::plans::{Plan, Plans};
use crate::questions::{Dialect, Question};
use crate::rows::{
    BLACKOUT, BUSIEST, COMMON, COURIER, Counts, EVENT_KINDS, EVERYWHERE, Source, event_kind, mix,
};
use crate::world::{World, ended};

/// What one question came to.
pub(crate) struct Answer {
    pub(crate) dialect: Dialect,
    pub(crate) question: Question,
    pub(crate) times: Times,
    /// Rows of the longest answer.
    pub(crate) rows: usize,
    pub(crate) plans: Vec<Plan>,
}

impl Answer {
    /// What is wrong with the plans, if anything.
    pub(crate) fn flaw(&self) -> Option<String> {
        let about = self.question.about();
        let wanted = match self.dialect {
            Dialect::Sqlite => about.sqlite,
            Dialect::Postgres => about.postgres,
        };
        let used = |name: &str| self.plans.iter().any(|plan| plan.text.contains(name));
        let missing = wanted.iter().find(|name| !used(name));
        let mut flaws = self.plans.iter().filter_map(|plan| plan.flaw.clone());
        let flaw = flaws.find(|flaw| !(about.sorts_few && flaw.starts_with("sorts")));
        flaw.or_else(|| missing.map(|name| format!("not by {name}")))
    }

    pub(crate) fn is_in_time(&self) -> bool {
        self.times.p99 <= self.question.target()
    }
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Result<Self> {
        times.sort_unstable();
        let at = |percent: usize| {
            let place = times.len() * percent / 100;
            times.get(place.min(times.len().saturating_sub(1))).copied()
        };
        Ok(Self {
            p50: at(50).context("nothing was timed")?,
            p99: at(99).context("nothing was timed")?,
            max: at(100).context("nothing was timed")?,
        })
    }
}

/// Everything that was asked of one database.
pub(crate) struct Answers {
    /// Of the machine, before the first question.
    pub(crate) load: String,
    pub(crate) questions: Vec<Answer>,
    /// What a search of the largest tenant can find.
    pub(crate) counts: Counts,
    pub(crate) recorded: Recorded,
}

/// How fast ends were recorded.
pub(crate) struct Recorded {
    pub(crate) per_second: f64,
    pub(crate) per_commit: f64,
    pub(crate) waits: Times,
    /// Search documents a second, when nothing else is written.
    pub(crate) indexed_per_second: f64,
}

/// Callers that record at the same time.
pub(crate) const CALLERS: usize = 256;
/// How often a question is asked before it counts: statements are prepared by then, and PostgreSQL
/// has decided whether to plan them anew each time.
const BEFORE: usize = 12;

/// Somebody who asks.
pub(crate) struct Asker<'a> {
    store: &'a Store,
    world: &'a World,
    source: &'a Arc<Source>,
}

/// Where pages in the middle of lists begin: tenants by place, and cursors.
pub(crate) type Deep = HashMap<&'static str, Vec<(usize, String)>>;

impl<'a> Asker<'a> {
    pub(crate) fn new(store: &'a Store, world: &'a World, source: &'a Arc<Source>) -> Self {
        Self {
            store,
            world,
            source,
        }
    }

    /// The plans of every question.
    pub(crate) async fn plans(&self, plans: &impl Plans, deep: &Deep) -> Result<Vec<Vec<Plan>>> {
        let mut found = Vec::new();
        for question in Question::ALL {
            for round in 0..BEFORE {
                self.ask(question, round, deep).await?;
            }
            plans.begin()?;
            self.ask(question, BEFORE, deep).await?;
            found.push(plans.end()?);
        }
        Ok(found)
    }

    /// How long every question takes, and how fast ends are recorded.
    pub(crate) async fn time(
        &self,
        dialect: Dialect,
        plans: Vec<Vec<Plan>>,
        deep: &Deep,
    ) -> Result<Answers> {
        let (counts, load) = (self.check_words().await?, machine::load());
        let mut questions = Vec::new();
        for (question, plans) in Question::ALL.into_iter().zip(plans) {
            let (times, rows) = self
                .time_one(question, deep)
                .await
                .with_context(|| question.about().name)?;
            questions.push(Answer {
                dialect,
                question,
                times,
                rows,
                plans,
            });
        }
        Ok(Answers {
            load,
            questions,
            counts,
            recorded: self.record().await?,
        })
    }

    async fn time_one(&self, question: Question, deep: &Deep) -> Result<(Times, usize)> {
        for round in 0..BEFORE {
            self.ask(question, round, deep).await?;
        }
        let shape = self.source.shape();
        let (mut times, mut rows) = (Vec::new(), 0);
        let begin = Instant::now();
        for round in BEFORE..BEFORE + shape.rounds {
            let asked = Instant::now();
            let found = self.ask(question, round, deep).await?;
            times.push(asked.elapsed());
            rows = rows.max(found);
            if begin.elapsed() > Duration::from_secs(10) {
                break;
            }
        }
        let fits = rows > 0 || question.may_be_empty() || !shape.is_large();
        ensure!(fits, "nothing was found");
        Ok((Times::of(times)?, rows))
    }

    /// That the words are in as many rows of the largest tenant as the table says.
    async fn check_words(&self) -> Result<Counts> {
        let counts = self.source.counts(0);
        let filter = ExecutionFilter {
            q: Some(parcel(0)),
            ..ExecutionFilter::default()
        };
        let page = PageRequest {
            limit: PageRequest::MAX_LIMIT,
            cursor: None,
        };
        let ctx = self.ctx(0);
        let list = self.store.list_executions(&ctx, &filter, &page).await?;
        let found = list.items.len() as u64;
        ensure!(
            found == counts.rare,
            "{found} executions of a parcel were found, {} are there",
            counts.rare
        );
        if self.source.shape().is_large() {
            ensure!(counts.rare <= 100, "the rare word is not rare: {counts:?}");
            let twentieth = counts.all / 20;
            ensure!(counts.common >= twentieth, "not common: {counts:?}");
        }
        Ok(counts)
    }

    fn ctx(&self, place: usize) -> Ctx {
        Ctx::platform(self.world.tenants[place])
    }

    fn now(&self) -> Timestamp {
        self.world.ambient.now()
    }

    /// Whose question the round asks.
    fn place(&self, round: usize) -> usize {
        let others = self.world.tenants.len().saturating_sub(1);
        if round.is_multiple_of(2) || others == 0 {
            0
        } else {
            1 + (round / 2) % others
        }
    }

    /// Asks, and says how many rows the answer has.
    async fn ask(&self, question: Question, round: usize, deep: &Deep) -> Result<usize> {
        let (mut place, mut page) = (self.place(round), PageRequest::first());
        if Question::DEEP.contains(&question) {
            let cursors = deep.get(question.about().name).context("no cursor")?;
            let (of, cursor) = &cursors[round % cursors.len()];
            (place, page.cursor) = (*of, Some(cursor.clone()));
        }
        let ctx = self.ctx(place);
        let dice = mix(round as u64);
        let number = |of: u64| dice % of.max(1);
        Ok(match question {
            Question::DueSchedules => self.store.due_schedules(self.now(), 100).await?.len(),
            Question::Upcoming => self.store.list_upcoming(&ctx, 10).await?.len(),
            Question::Endpoints => self.store.list_active_endpoints(ctx.tenant).await?.len(),
            Question::Tags => self.store.list_tags(&ctx, 200).await?.len(),
            Question::EventsOfType => {
                let filter = EventFilter {
                    kind: Some(event_kind(number(EVENT_KINDS))),
                };
                let list = self.store.list_events(&ctx, &filter, &page).await?;
                list.items.len()
            }
            Question::Event => {
                let event = self.source.event(number(self.source.shape().events()));
                let ctx = Ctx::platform(event.tenant);
                self.store.find_event(&ctx, EventId(event.id)).await?;
                1
            }
            Question::Execution => {
                let (ctx, id) = self.some_execution(dice);
                self.store.find_execution(&ctx, id).await?;
                1
            }
            Question::LogLines => {
                let (ctx, id) = self.some_execution(dice);
                self.store.list_logs(&ctx, id, 0, 1_000).await?.len()
            }
            Question::VersionDiff => self.difference().await?,
            _ => self.list(question, &ctx, place, round, &page).await?.0,
        })
    }

    /// A page of a list: how many rows, and where the next one begins.
    async fn list(
        &self,
        question: Question,
        ctx: &Ctx,
        place: usize,
        round: usize,
        page: &PageRequest,
    ) -> Result<(usize, Option<String>)> {
        if let Some(filter) = scripts(question, round) {
            let list = self.store.list_scripts(ctx, &filter, page).await?;
            return Ok((list.items.len(), list.next_cursor));
        }
        let filter = self.executions(question, place, round);
        let list = self.store.list_executions(ctx, &filter, page).await?;
        Ok((list.items.len(), list.next_cursor))
    }

    /// An execution of any tenant.
    fn some_execution(&self, dice: u64) -> (Ctx, ExecutionId) {
        let row = self
            .source
            .execution(dice % self.source.shape().executions.max(1));
        (Ctx::platform(row.tenant), ExecutionId(row.id))
    }

    fn executions(&self, question: Question, place: usize, round: usize) -> ExecutionFilter {
        let mut filter = ExecutionFilter::default();
        let busiest = Some(ScriptId(self.source.script(place, BUSIEST)));
        let word = |word: &str| Some(word.to_owned());
        match question {
            Question::ByEndDeep => {
                filter.sort = ExecutionSort {
                    field: ExecutionField::CompletedAt,
                    descending: true,
                };
            }
            Question::CompletedDeep => filter.status = Some(ExecutionStatus::Completed),
            Question::FailedDeep => filter.status = Some(ExecutionStatus::Failed),
            Question::OfScriptDeep => filter.script = busiest,
            Question::OfScriptFailed => {
                (filter.script, filter.status) = (busiest, Some(ExecutionStatus::Failed));
            }
            // As whoever must not let two runs of a script overlap.
            Question::OfScriptRunning => {
                (filter.script, filter.status) = (busiest, Some(ExecutionStatus::Running));
            }
            Question::ByTriggerAndTime => {
                let at = |days: i64| {
                    let ms = self.source.begin_ms() as i64 + days * 86_400_000;
                    Timestamp::from_millisecond(ms).ok()
                };
                let kinds = [TriggerKind::Http, TriggerKind::Cron, TriggerKind::Event];
                filter.trigger = Some(kinds[round % kinds.len()]);
                (filter.from, filter.to) = (at(40), at(50));
            }
            Question::RareWord => {
                filter.q = Some(parcel(mix(round as u64) % self.source.parcels(place)));
            }
            Question::CommonWord | Question::CommonWordDeep => filter.q = word(COMMON),
            Question::TwoWords => filter.q = Some(format!("{COURIER} {COMMON}")),
            Question::WordEverywhere => filter.q = word(EVERYWHERE),
            Question::WordOfTwoDays => filter.q = word(BLACKOUT),
            Question::CommonWordTimedOut => {
                (filter.q, filter.status) = (word(COMMON), Some(ExecutionStatus::Timeout));
            }
            _ => {}
        }
        filter
    }

    /// As the façade does it.
    async fn difference(&self) -> Result<usize> {
        let (store, large) = (self.store, &self.world.large);
        let ctx = Ctx::platform(large.tenant);
        let one = store.find_version(&ctx, large.id, 1).await?;
        let two = store.find_version(&ctx, large.id, 2).await?;
        let (one, two) = (one.definition.source, two.definition.source);
        let mut config = TextDiff::configure();
        config.algorithm(Algorithm::Patience);
        let difference = config.diff_lines(one.as_str(), two.as_str());
        let unified = difference.unified_diff().context_radius(3).to_string();
        Ok(unified.lines().count())
    }

    /// Where pages begin in the middle of the lists of some tenants, small ones among them.
    pub(crate) async fn deep_cursors(&self) -> Result<Deep> {
        let most = if self.source.shape().is_large() {
            250
        } else {
            10
        };
        let mut deep = Deep::new();
        for question in Question::DEEP {
            let mut found = Vec::new();
            for (place, pages) in [(0, 250), (1, 25), (7, 25), (30, 25), (99, 25)] {
                if place < self.world.tenants.len() {
                    found.extend(self.walk(question, place, most.min(pages)).await?);
                }
            }
            deep.insert(question.about().name, found);
        }
        Ok(deep)
    }

    /// Goes from page to page, and says where those of the second half began.
    async fn walk(
        &self,
        question: Question,
        place: usize,
        pages: usize,
    ) -> Result<Vec<(usize, String)>> {
        let (ctx, mut passed) = (self.ctx(place), Vec::new());
        let few = scripts(question, 0).is_some() || !self.source.shape().is_large();
        let mut page = PageRequest {
            limit: if few { 10 } else { PageRequest::MAX_LIMIT },
            cursor: None,
        };
        while passed.len() < pages {
            // A cursor belongs to the filter, not to the size of the page.
            let (_, next) = self.list(question, &ctx, place, 0, &page).await?;
            let Some(next) = next else { break };
            passed.push((place, next.clone()));
            page.cursor = Some(next);
        }
        let half = passed.len() / 2;
        Ok(passed.split_off(half))
    }

    /// How many ends a second are recorded by many callers, each waiting for its commit, beside all
    /// that is there already, while the index is kept up as in a server.
    async fn record(&self) -> Result<Recorded> {
        let stop = CancellationToken::new();
        let indexer = tokio::spawn(self.store.clone().keep_indexed(stop.clone()));
        let (before, begin) = (self.store.history_stats(), Instant::now());
        let time = self.source.shape().recording;
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let (store, ambient) = (self.store.clone(), self.world.ambient.clone());
            let source = Arc::clone(self.source);
            callers.spawn(async move {
                let (mut waits, mut number) = (Vec::new(), caller as u64);
                while begin.elapsed() < time {
                    let finished = ended(&ambient, &source, number);
                    number += CALLERS as u64;
                    let ctx = Ctx::platform(finished.execution.tenant);
                    let asked = Instant::now();
                    store.record(&ctx, finished).await?.await?;
                    waits.push(asked.elapsed());
                }
                anyhow::Ok(waits)
            });
        }
        let mut waits = Vec::new();
        while let Some(done) = callers.join_next().await {
            waits.extend(done??);
        }
        let (after, elapsed) = (self.store.history_stats(), begin.elapsed());
        stop.cancel();
        indexer.await?;
        let records = (after.records - before.records) as f64;
        Ok(Recorded {
            per_second: records / elapsed.as_secs_f64(),
            per_commit: records / (after.commits - before.commits) as f64,
            waits: Times::of(waits)?,
            indexed_per_second: self.index().await?,
        })
    }

    async fn index(&self) -> Result<f64> {
        let (begin, mut documents) = (Instant::now(), 0);
        loop {
            let indexed = self.store.index_pending().await?;
            documents += indexed.documents;
            if !indexed.more {
                return Ok(f64::from(documents) / begin.elapsed().as_secs_f64());
            }
        }
    }
}

/// The filter of a question about scripts.
fn scripts(question: Question, round: usize) -> Option<ScriptFilter> {
    let mut filter = ScriptFilter::default();
    let sorted = |field| ScriptSort {
        field,
        descending: false,
    };
    match question {
        Question::Scripts => {}
        Question::ScriptsByNameDeep => filter.sort = sorted(SortField::Name),
        Question::ScriptsByStatusDeep => filter.sort = sorted(SortField::Status),
        Question::ScriptsOfType => filter.kind = Some(ScriptType::Http),
        Question::ScriptsWithTag => {
            filter.tags = vec![format!("tag{}", mix(round as u64) % TAGS)];
        }
        Question::ScriptsByWord => filter.q = Some("warehouse".into()),
        _ => return None,
    }
    Some(filter)
}

/// The word of a parcel; all are of one length, so that none is the beginning of another.
fn parcel(number: u64) -> String {
    format!("parcel{number:07}")
}
