//! The script page: code, settings and run panel, for a new script and for a stored one.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use scriptorium::model::draft::Draft;
use scriptorium::model::endpoint::Method;
use scriptorium::model::permission::Permission;
use scriptorium::model::policy::Action;
use scriptorium::model::script::{Definition, Script, ScriptType};
use scriptorium::model::trigger::SignatureScheme;
use scriptorium::model::{Date, ExecutionId, ScriptId, UserId, compatibility};
use serde::Deserialize;

use super::id;
use crate::Site;
use crate::answer::{self, Policy};
use crate::failure::{self, Failure, explained};
use crate::frame::Frame;
use crate::head::Head;
use crate::island::Island;
use crate::pages::settings::{self, LimitField};
use crate::people::People;
use crate::starters::{STARTERS, Starter};
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "editor.html")]
struct ScriptPage {
    frame: Frame,
    t: Texts,
    /// Of a stored script; a new one has none yet.
    head: Option<Head>,
    name: String,
    kind: &'static str,
    language: &'static str,
    source: String,
    input: String,
    may_edit: bool,
    may_run: bool,
    may_open_endpoints: bool,
    kinds: [&'static str; 5],
    methods: [&'static str; 5],
    schemes: [&'static str; 3],
    permissions: Vec<String>,
    presets: &'static [(&'static str, &'static str)],
    zones: Vec<String>,
    limits: &'static [LimitField],
    /// The first compatibility date there is, and the latest that it can have now.
    dates: [Date; 2],
    /// Services that the script may be kept to, and those it is kept to.
    services: Vec<String>,
    /// Users that it may run for.
    people: Vec<(UserId, String)>,
    data: Island,
}

#[derive(Template)]
#[template(path = "starters.html")]
struct StartersPage {
    frame: Frame,
    t: Texts,
    starters: &'static [Starter],
}

#[derive(Deserialize)]
pub(crate) struct NewQuery {
    starter: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ShowQuery {
    execution: Option<String>,
}

/// `GET /scripts/new`: the choice of starters, or the editor with the chosen one.
pub(crate) async fn create(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<NewQuery>,
) -> Result<Response, Failure> {
    let (ctx, t, caller) = (visitor.ctx(), visitor.t, Some(&visitor.caller));
    if !ctx.may(Permission::ScriptsCreate) {
        let missing = Some(Permission::ScriptsCreate);
        return Err(failure::forbidden(t, caller, missing));
    }
    let frame = Frame::new(t, t.get("scripts-new"), "scripts", caller);
    let Some(starter) = query.starter.as_deref().and_then(Starter::find) else {
        let starters = &STARTERS;
        return Ok(answer::strict(&StartersPage { frame, t, starters }));
    };
    let definition = starter.definition();
    let page = Editor {
        script: None,
        draft: None,
        may_edit: true,
        may_run: ctx.may(Permission::ScriptsExecute),
        input: starter.input.to_owned(),
    };
    Ok(page.answer(&site, &visitor, frame, definition).await)
}

/// `GET /scripts/{id}`; `?execution=` brings the input of an earlier execution along.
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(script): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let script = site.platform.scripts().find(ctx, script_id).await;
    let script = script.map_err(explained(&visitor))?;
    let input = match query.execution {
        Some(execution) => earlier_input(&site, &visitor, &execution).await?,
        None => settings::sample_input(&script.definition),
    };
    let frame = Frame::new(t, script.name.clone(), "scripts", Some(&visitor.caller))
        .with_halt(t, site.platform.halted(visitor.ctx().tenant));
    let definition = script.definition.clone();
    let page = Editor {
        draft: site.platform.scripts().draft(ctx, script_id).await.ok(),
        may_edit: view::may_edit(ctx, &script),
        may_run: view::may(ctx, Action::Execute, &script),
        script: Some(script),
        input,
    };
    Ok(page.answer(&site, &visitor, frame, definition).await)
}

async fn earlier_input(site: &Site, visitor: &Visitor, text: &str) -> Result<String, Failure> {
    let execution: ExecutionId = id(text, visitor)?;
    let found = site
        .platform
        .executions()
        .find(visitor.ctx(), execution)
        .await;
    let found = found.map_err(explained(visitor))?;
    Ok(view::pretty_json(&found.input))
}

/// What distinguishes a new script from a stored one on the page.
struct Editor {
    script: Option<Script>,
    /// What the visitor typed and did not save.
    draft: Option<Draft>,
    may_edit: bool,
    may_run: bool,
    input: String,
}

impl Editor {
    async fn answer(
        self,
        site: &Site,
        visitor: &Visitor,
        frame: Frame,
        mut definition: Definition,
    ) -> Response {
        let (ctx, t) = (visitor.ctx(), visitor.t);
        let latest = site.platform.compatibility().latest();
        // A new script gets the present date, and says so before it is saved.
        definition.compatibility.get_or_insert(latest);
        let data = settings::PageData::of(
            self.script.as_ref(),
            &definition,
            self.draft.as_ref(),
            self.may_edit,
            self.may_run,
        );
        let page = ScriptPage {
            services: services(site, visitor, &definition).await,
            people: people(site, visitor, &definition).await,
            frame,
            t,
            head: self
                .script
                .map(|script| Head::of(&site.platform, ctx, &script, "code")),
            kind: definition.trigger.kind().as_str(),
            language: definition.language.as_str(),
            name: definition.name,
            source: definition.source,
            input: self.input,
            may_edit: self.may_edit,
            may_run: self.may_run,
            may_open_endpoints: ctx.may(Permission::ScriptsManageEndpoints),
            kinds: ScriptType::ALL.map(ScriptType::as_str),
            methods: Method::ALL.map(Method::as_str),
            schemes: SignatureScheme::ALL.map(SignatureScheme::as_str),
            permissions: site.platform.known_permissions().iter().cloned().collect(),
            presets: &settings::PRESETS,
            zones: settings::zones(),
            limits: &settings::LIMITS,
            dates: [compatibility::FIRST, latest],
            data: Island::of(&data),
        };
        answer::page(StatusCode::OK, Policy::Editor, &page)
    }
}

/// Services there are, and those that the script names and are gone.
async fn services(site: &Site, visitor: &Visitor, definition: &Definition) -> Vec<String> {
    // A page that suggests nothing is better than none.
    let there = site.platform.service_names(visitor.ctx()).await;
    let mut all = there.unwrap_or_default();
    all.extend(definition.allowed_services.iter().flatten().cloned());
    all.into_iter().collect()
}

/// Users to choose from, and the one that is chosen, whether known or not.
async fn people(site: &Site, visitor: &Visitor, definition: &Definition) -> Vec<(UserId, String)> {
    let people = People::known_to(site, visitor).await;
    let mut all = people.active();
    if let Some(chosen) = definition.run_as
        && all.iter().all(|(id, _)| *id != chosen)
    {
        all.push((chosen, people.name(chosen)));
    }
    all
}
