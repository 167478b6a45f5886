// Shows the OpenAPI document. Everything is put in as text, so the document cannot become markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 4;

function element(name, className, ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

/** Text in which `code` is set as code. */
function prose(text) {
  const parts = (text ?? "").split("`");
  return parts.map((part, index) => (index % 2 === 1 ? element("code", "", part) : part));
}

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })),
  );
}

function byTag(operations) {
  const groups = new Map();
  for (const operation of operations) {
    const tag = operation.tags?.[0] ?? "other";
    groups.set(tag, [...(groups.get(tag) ?? []), operation]);
  }
  return groups;
}

function resolve(api, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, ...api.components.schemas[name] } : (schema ?? {});
}

/** The members of an object schema, those of its parts included. */
function membersOf(api, schema) {
  const parts = (schema.allOf ?? []).map((part) => membersOf(api, resolve(api, part)));
  const own = { properties: schema.properties ?? {}, required: schema.required ?? [] };
  return [...parts, own].reduce((all, part) => ({
    properties: { ...all.properties, ...part.properties },
    required: [...all.required, ...part.required],
  }));
}

function typeOf(api, schema) {
  const found = resolve(api, schema);
  const variants = found.oneOf ?? found.anyOf;
  if (variants) return variants.map((variant) => typeOf(api, variant)).join(" | ");
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (found.type === "array") return `${typeOf(api, found.items)}[]`;
  const type = [found.type ?? (found.name || "any")].flat().join(" | ");
  return found.format ? `${type} (${found.format})` : type;
}

/** The object schema that a member nests, if any. */
function nested(api, schema) {
  const found = resolve(api, schema);
  const variants = (found.oneOf ?? found.anyOf ?? []).map((variant) => nested(api, variant));
  if (variants.length > 0) return variants.find(Boolean);
  if (found.type === "array") return nested(api, found.items);
  return found.properties || found.allOf ? found : undefined;
}

function table(api, schema, depth) {
  const { properties, required } = membersOf(api, schema);
  const rows = Object.entries(properties).flatMap(([name, member]) => {
    const type = element("b", "", typeOf(api, member) + (required.includes(name) ? ", required" : ""));
    const text = resolve(api, member).description;
    const inner = depth < DEEPEST ? nested(api, member) : undefined;
    const about = element("dd", "", type, " ", ...prose(text), inner && table(api, inner, depth + 1));
    return [element("dt", "", name), about];
  });
  return element("dl", "", ...rows);
}

function bodyOf(api, title, content) {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  if (!type) return [];
  const object = nested(api, media.schema ?? {});
  return [element("h4", "", `${title} (${type})`), object ? table(api, object, 0) : typeOf(api, media.schema ?? {})];
}

function parametersOf(operation) {
  const parameters = operation.parameters ?? [];
  if (parameters.length === 0) return [];
  const rows = parameters.flatMap((parameter) => [
    element("dt", "", parameter.name),
    element("dd", "", element("b", "", parameter.in + (parameter.required ? ", required" : "")), " ", ...prose(parameter.description)),
  ]);
  return [element("h4", "", "Parameters"), element("dl", "", ...rows)];
}

function responsesOf(api, operation) {
  return Object.entries(operation.responses ?? {})
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([status, response]) => {
      const body = bodyOf(api, `Answer ${status}`, response.content);
      return body.length > 0 ? body : [element("h4", "", `Answer ${status}`), response.description || "No body."];
    });
}

/** How to send it from a shell; `$TOKEN` and `$SECRET` are the caller's own. */
function curlOf(api, operation) {
  const [server] = api.servers ?? [];
  if (!server) return [];
  const words = ["curl"];
  if (operation.method !== "get") words.push(`-X ${operation.method.toUpperCase()}`);
  const needs = Object.keys(operation.security?.[0] ?? {})[0];
  if (needs === "token") words.push('-H "Authorization: Bearer $TOKEN"');
  else if (needs) words.push(`-H "${api.components.securitySchemes[needs].name}: …"`);
  if (operation.requestBody) words.push("-H 'Content-Type: application/json' -d '{}'");
  const url = new URL(server.url + operation.path, location.origin);
  words.push(`'${decodeURI(url.href).replaceAll("'", "%27")}'`);
  return [element("h4", "", "From a shell"), element("pre", "", words.join(" "))];
}

function refusalsOf(operation) {
  const refused = Object.keys(operation.responses ?? {}).filter((status) => !status.startsWith("2"));
  return refused.length > 0 ? [element("h4", "", "Refusals"), `Problem documents: ${refused.join(", ")}.`] : [];
}

function article(api, operation) {
  const title = element("h3", "", element("span", `method ${operation.method}`, operation.method), operation.path);
  const text = [operation.summary, operation.description].filter(Boolean).join("\n\n");
  const content = element("div", "",
    element("p", "", ...prose(text)),
    ...parametersOf(operation),
    ...bodyOf(api, "Body", operation.requestBody?.content),
    ...responsesOf(api, operation),
    ...refusalsOf(operation),
    ...curlOf(api, operation));
  const node = element("article", "", title, content);
  node.id = operation.operationId;
  node.dataset.text = `${operation.method} ${operation.path} ${text}`.toLowerCase();
  return node;
}

function show(api) {
  const contents = document.getElementById("contents");
  const main = document.getElementById("operations");
  main.replaceChildren(element("p", "", ...prose(api.info.description)));
  for (const [tag, operations] of byTag(operationsOf(api))) {
    contents.append(element("h2", "", tag));
    main.append(element("h2", "", tag));
    for (const operation of operations) {
      const link = element("a", "", element("span", `method ${operation.method}`, operation.method), operation.path.replace(/^\/api\/v1/, ""));
      link.href = `#${operation.operationId}`;
      contents.append(link);
      main.append(article(api, operation));
    }
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function filterBy(text) {
  const wanted = text.trim().toLowerCase();
  for (const node of document.querySelectorAll("article")) {
    node.hidden = !node.dataset.text.includes(wanted);
  }
}

/** The management API's document, or that of the tenant's endpoints, which one has to sign in for. */
const source = location.pathname === "/docs/endpoints" ? "/api/v1/endpoints/openapi.json" : "/api/v1/openapi.json";

async function load() {
  const response = await fetch(source);
  if (!response.ok) throw new Error((await response.json()).detail);
  return response.json();
}

document.getElementById("document").href = source;
document.getElementById("filter").addEventListener("input", (event) => filterBy(event.target.value));
load().then(show, (error) => {
  const main = document.getElementById("operations");
  main.replaceChildren(element("p", "", error.message || "The document could not be loaded."));
});
