//! TypeScript declarations of the script API, and its reference page, from the same table as the
//! bindings themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::capabilities::{self, Binding, Capability};
use crate::compatibility::{Deprecation, Deprecations};
use crate::options::HostTypes;
use crate::service::{Registry, Service};

/// Types the signatures use, and the globals that are not made of bindings.
const TYPES: &str = include_str!("js/types.d.ts");
/// What is there beside ECMAScript itself.
const LANGUAGE: &str = include_str!("js/language.d.ts");

/// What there is to declare beside the platform's own.
pub(crate) struct Declared<'a> {
    /// The host application's services.
    pub(crate) services: &'a Registry,
    /// A tenant's own.
    pub(crate) own: &'a Registry,
    /// The host application's events and hooks.
    pub(crate) host: &'a HostTypes,
    /// What is on its way out.
    pub(crate) deprecations: &'a Deprecations,
}

/// The whole `.d.ts`.
pub(crate) fn declarations(declared: Declared<'_>) -> String {
    let Declared {
        services,
        own,
        host,
        deprecations,
    } = declared;
    let all = || {
        let others = own.iter().filter(|one| services.get(&one.name).is_none());
        services.iter().chain(others)
    };
    let mut out = TYPES.to_owned();
    for capability in &capabilities::ALL {
        if capability.name != "context" {
            interface(capability, deprecations, &mut out);
        }
    }
    for service in all() {
        service_interface(service, deprecations, &mut out);
    }
    out.push_str("\n/** What the host application offers to scripts. */\ninterface Services {\n");
    for service in all() {
        comment(&doc_of(service), "  ", &mut out);
        line(
            &mut out,
            format_args!(
                "  readonly {}: {};",
                service.name,
                interface_name(&service.name, "Service")
            ),
        );
    }
    out.push_str("}\n");
    of_host(host, &mut out);
    out.push('\n');
    out.push_str(LANGUAGE);
    out
}

/// The host application's own: events, which `events.publish` takes with the payload of their type, and
/// hooks.
fn of_host(host: &HostTypes, out: &mut String) {
    for declarations in &host.declarations {
        line(out, format_args!("\n{}", declarations.trim()));
    }
    let members = [
        (
            "HostEvents",
            "Payloads of the host application's events by type.",
            &host.events,
        ),
        (
            "Hooks",
            "Values of the host application's hooks by name.",
            &host.hooks,
        ),
    ];
    for (name, doc, named) in members {
        out.push('\n');
        comment(doc, "", out);
        line(out, format_args!("interface {name} {{"));
        for one in named {
            comment(&one.doc, "  ", out);
            line(out, format_args!("  {:?}: {};", one.name, one.value));
        }
        out.push_str("}\n");
    }
    out.push_str(HOST);
}

/// What the two interfaces are for.
const HOST: &str = "
interface EventsApi {
  /** Publishes an event of the host application's with its own payload. */
  publish<K extends keyof HostEvents>(type: K, data: HostEvents[K]): Promise<boolean>;
}
/** The event of a subscription to one of the host application's types. */
type EventOf<K extends keyof HostEvents> = TriggerEvent<HostEvents[K]>;
/** What the script of a hook gives: nothing to let the value pass, another value, or why not. */
type HookAnswer<K extends keyof Hooks> =
  | void
  | null
  | { valid?: true; value?: Hooks[K] }
  | { valid: false; errors?: Array<{ field?: string; message: string }> };
";

/// The reference page of the script API, in Markdown.
pub fn reference() -> String {
    reference_with(&Deprecations::own())
}

fn reference_with(deprecations: &Deprecations) -> String {
    let mut out = String::from(
        "# Script API\n\n<!-- Written by scriptorium-runtime from its table of bindings; change that. -->\n\nEvery name is a global, and the same thing as `ctx.<name>` and `sdk.<name>`. What does I/O returns a promise. Errors are `Error` objects with `code`, `message`, and where it applies `field` and `details`.\n",
    );
    for capability in &capabilities::ALL {
        line(
            &mut out,
            format_args!("\n## {}\n\n{}\n", capability.name, capability.doc),
        );
        for binding in capability.bindings {
            let class = match binding.class {
                scriptorium_engine::CallClass::Free => "",
                scriptorium_engine::CallClass::Io => " Counts as an API call.",
                scriptorium_engine::CallClass::Service => " Counts as a service call.",
            };
            let parent = binding
                .path
                .rsplit_once('.')
                .map_or("", |(parent, _)| parent);
            line(&mut out, format_args!("### `{}`\n", binding.path));
            line(
                &mut out,
                format_args!("```ts\n{parent}.{}\n```\n", binding.signature()),
            );
            line(&mut out, format_args!("{}{class}\n", binding.help()));
            if let Some(deprecation) = deprecations.find(binding.path) {
                line(
                    &mut out,
                    format_args!("**Deprecated** {}.\n", deprecation.advice()),
                );
            }
        }
    }
    out.push_str("\n## services\n\nWhat the host application offers, and what the tenant has registered that is somewhere else, as `services.<name>.<method>()`: the editor and `/api/v1/typings` show it. A service the script is not allowed to call, or that is not for scripts of its type, is not there. What can go wrong with one that is somewhere else is in [the guide](../guide/services.md).\n");
    line(
        &mut out,
        format_args!("\n## Types\n\n```ts\n{}\n```", TYPES.trim_end()),
    );
    line(
        &mut out,
        format_args!(
            "\n## The language\n\nECMAScript 2025, and these, which are plain globals. What they do and where they do less than a browser's is in [the guide](../guide/language.md).\n\n```ts\n{}\n```",
            LANGUAGE.trim_end()
        ),
    );
    out
}

/// One global: an interface with nested objects for `utils.date` and its like.
fn interface(capability: &Capability, deprecations: &Deprecations, out: &mut String) {
    let name = interface_name(capability.name, "Api");
    out.push('\n');
    comment(capability.doc, "", out);
    line(out, format_args!("interface {name} {{"));
    let mut groups: BTreeMap<&str, Vec<&Binding>> = BTreeMap::new();
    for binding in capability.bindings {
        let rest = binding.path.split_once('.').map_or("", |(_, rest)| rest);
        match rest.split_once('.') {
            Some((group, _)) => groups.entry(group).or_default().push(binding),
            None => method(binding, deprecations, "  ", out),
        }
    }
    for (group, bindings) in groups {
        line(out, format_args!("  readonly {group}: {{"));
        for binding in bindings {
            method(binding, deprecations, "    ", out);
        }
        out.push_str("  };\n");
    }
    out.push_str("}\n");
    comment(capability.doc, "", out);
    line(
        out,
        format_args!("declare const {}: {name};", capability.name),
    );
}

fn method(binding: &Binding, deprecations: &Deprecations, indent: &str, out: &mut String) {
    let deprecation = deprecations.find(binding.path);
    comment_of(&binding.help(), deprecation, indent, out);
    line(out, format_args!("{indent}{};", binding.signature()));
}

fn service_interface(service: &Service, deprecations: &Deprecations, out: &mut String) {
    out.push('\n');
    for declarations in &service.types {
        line(out, format_args!("{}", declarations.trim()));
    }
    line(
        out,
        format_args!("interface {} {{", interface_name(&service.name, "Service")),
    );
    for method in &service.methods {
        let mut doc = method.doc.clone();
        if let Some(permission) = &method.permission {
            let _ = write!(doc, " Needs the permission {permission}.");
        }
        let path = format!("services.{}.{}", service.name, method.name);
        comment_of(&doc, deprecations.find(&path), "  ", out);
        line(
            out,
            format_args!("  {}({}): {};", method.name, method.params, method.returns),
        );
    }
    out.push_str("}\n");
}

/// What a service is, and for which scripts when it is not for all.
fn doc_of(service: &Service) -> String {
    let Some(types) = &service.script_types else {
        return service.doc.clone();
    };
    let names: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
    let only = format!("For scripts of type {} only.", names.join(", "));
    format!("{} {only}", service.doc).trim_start().to_owned()
}

/// `StorageApi` of `storage`; services end otherwise, so that none takes the name of ours.
fn interface_name(name: &str, end: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    format!(
        "{}{}{end}",
        first.map(String::from).unwrap_or_default(),
        chars.as_str()
    )
}

/// A doc comment of what may be deprecated. Only at the beginning of a line is a tag read as one.
fn comment_of(doc: &str, deprecation: Option<&Deprecation>, indent: &str, out: &mut String) {
    let Some(deprecation) = deprecation else {
        return comment(doc, indent, out);
    };
    line(out, format_args!("{indent}/**"));
    let advice = format!("@deprecated {}", deprecation.advice());
    for text in [doc, &advice] {
        line(out, format_args!("{indent} * {}", commented(text)));
    }
    line(out, format_args!("{indent} */"));
}

/// A doc comment; its end inside of the text would end it early.
fn comment(doc: &str, indent: &str, out: &mut String) {
    if !doc.is_empty() {
        line(out, format_args!("{indent}/** {} */", commented(doc)));
    }
}

fn commented(text: &str) -> String {
    text.replace("*/", "* /").replace('\n', " ")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_reference_says_what_is_deprecated() {
        let old = Deprecation::new("storage.exists", date(2027, 1, 1), "storage.get");
        let old = old.gone_from(date(2027, 6, 1));
        let deprecations = Deprecations::with(vec![old], &Registry::default());
        let page = reference_with(&deprecations.unwrap());
        let entry = page
            .split("### ")
            .find(|entry| entry.starts_with("`storage.exists`"));
        let told = "**Deprecated** since 2027-01-01: use storage.get; it is gone for scripts with the \
                    compatibility date 2027-06-01 or a later one.";
        assert!(entry.unwrap().contains(told), "{entry:?}");
        assert_eq!(page.matches("**Deprecated**").count(), 1);
    }
}
