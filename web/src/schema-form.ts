// A form made of a JSON schema. It changes what it is given only where somebody typed: members that the
// schema does not know, and values that do not suit it, stay as they are.
import { text } from "./texts";

export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema | boolean;
  prefixItems?: Schema[];
  $ref?: string;
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
}

/** What is not there; JSON has no word for it. */
export const ABSENT = Symbol("absent");
type Given = unknown | typeof ABSENT;

/** One value in the form, and all below it. */
interface Part {
  element: HTMLElement;
  /** What it stands for now. */
  value(): Given;
  /** Checks what was typed; marks it and says whether all is well. */
  check(): boolean;
  /** The part at a place below. */
  at(place: string[]): Part | undefined;
  refuse(message: string): void;
}

interface Place {
  name: string;
  schema: Schema;
  value: Given;
  optional: boolean;
  depth: number;
}

/** Deepest that fields lie in each other; below that the value is written as JSON. */
const DEPTH = 8;
/** Texts that are longer have a field of several lines. */
const LINE = 120;
let ids = 0;

export class SchemaForm {
  private part: Part;

  /** `changed` is called when somebody typed. */
  constructor(
    private host: HTMLElement,
    private root: Schema,
    value: Given,
  ) {
    this.part = this.draw(value);
  }

  /** Shows another value. */
  show(value: Given): void {
    this.part = this.draw(value);
  }

  value(): unknown {
    const given = this.part.value();
    return given === ABSENT ? null : given;
  }

  /** Marks what cannot be sent; whether there is nothing of that. */
  check(): boolean {
    const good = this.part.check();
    if (!good) this.host.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    return good;
  }

  /** Shows what the server refused; what belongs to no field is given back. */
  refuse(errors: { place: string[]; message: string }[]): string[] {
    const rest: string[] = [];
    for (const { place, message } of errors) {
      const part = this.part.at(place);
      if (part) part.refuse(message);
      else rest.push(message);
    }
    this.host.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    return rest;
  }

  private draw(value: Given): Part {
    const schema = resolved(this.root, this.root);
    const place = { name: "", schema, value, optional: false, depth: 0 };
    const part = partOf(place, this.root);
    this.host.replaceChildren(part.element);
    return part;
  }
}

/** The part of the schema that a reference means. */
function resolved(schema: Schema, root: Schema): Schema {
  let found = schema;
  for (let hops = 0; hops < 20 && typeof found.$ref === "string"; hops++) {
    let target: unknown = root;
    for (const step of found.$ref.replace(/^#\/?/, "").split("/").filter(Boolean)) {
      const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
      target = (target as Record<string, unknown> | undefined)?.[key];
    }
    if (typeof target !== "object" || target === null) return {};
    const { $ref: _, ...beside } = found;
    found = { ...(target as Schema), ...beside };
  }
  return found;
}

/** The one type of a schema, and whether null suits it, too. */
function typeOf(schema: Schema): { type: string; nullable: boolean } {
  const types = Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : [];
  const own = types.filter((type) => type !== "null");
  return { type: own.length === 1 ? own[0]! : "", nullable: own.length < types.length };
}

function partOf(place: Place, root: Schema): Part {
  const { schema } = place;
  if (place.value === ABSENT && schema.default !== undefined) place = { ...place, value: schema.default };
  const { value, depth } = place;
  const is = (type: string) => value === ABSENT || value === null || typeof value === type;
  const { type, nullable } = typeOf(schema);
  if (depth >= DEPTH) return jsonPart(place);
  const values = schema.const !== undefined ? [schema.const] : schema.enum;
  if (values && (value === ABSENT || values.some((one) => same(one, value)))) return choicePart(place, values);
  if (value === null && !nullable && type !== "") return jsonPart(place);
  if (type === "object" && schema.properties && (is("object") && !Array.isArray(value))) return objectPart(place, root);
  if (type === "array" && (value === ABSENT || value === null || Array.isArray(value))) return listPart(place, root);
  if (type === "boolean" && is("boolean")) return boolPart(place, nullable);
  if ((type === "number" || type === "integer") && is("number")) return numberPart(place, type, nullable);
  if (type === "string" && is("string")) return textPart(place, nullable);
  return jsonPart(place);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A labelled field with its hint and its error. */
function field(place: Place, control: HTMLElement, label?: string): { element: HTMLElement; refuse(message: string): void } {
  const { schema, optional, name } = place;
  const id = (control.id ||= `field-${++ids}`);
  const element = document.createElement("div");
  const caption = document.createElement("label");
  caption.className = "label";
  caption.htmlFor = id;
  caption.textContent = label ?? schema.title ?? (name || text("js-run-input"));
  if (optional) caption.append(optionalMark());
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.id = `${id}-hint`;
  hint.textContent = schema.description ?? "";
  const error = document.createElement("p");
  error.className = "error";
  error.id = `${id}-error`;
  control.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
  if (!optional) control.setAttribute("aria-required", "true");
  if (control instanceof HTMLInputElement && control.type === "checkbox") {
    caption.className = "check font-[550]";
    caption.prepend(control);
    element.append(caption);
  } else {
    element.append(caption, control);
  }
  if (hint.textContent) element.append(hint);
  element.append(error);
  const refuse = (message: string) => {
    control.setAttribute("aria-invalid", String(message !== ""));
    error.textContent = message;
  };
  control.addEventListener("input", () => refuse(""));
  return { element, refuse };
}

function optionalMark(): HTMLElement {
  const mark = document.createElement("span");
  mark.className = "text-soft font-normal";
  mark.textContent = ` ${text("js-run-optional")}`;
  return mark;
}

/** A part of one control: `read` gives what was typed, or a text that says what is wrong with it. */
function controlPart(place: Place, control: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, read: () => Read): Part {
  const { element, refuse } = field(place, control);
  let touched = false;
  control.addEventListener("input", () => (touched = true));
  const now = (): Read => (touched ? read() : untouched(place, read));
  return {
    element,
    refuse,
    value: () => {
      const found = now();
      return "wrong" in found ? ABSENT : found.value;
    },
    check: () => {
      const found = now();
      refuse("wrong" in found ? found.wrong : "");
      return !("wrong" in found);
    },
    at: (steps) => (steps.length === 0 ? { element, refuse } as Part : undefined),
  };
}

type Read = { value: Given } | { wrong: string };

/** What nobody typed stays as it was; what is missing and needed is asked for. */
function untouched(place: Place, read: () => Read): Read {
  if (place.value !== ABSENT || place.optional) return { value: place.value };
  return read();
}

function empty(place: Place, nullable: boolean): Read {
  if (place.optional) return { value: ABSENT };
  return nullable ? { value: null } : { wrong: text("js-field-required") };
}

function textPart(place: Place, nullable: boolean): Part {
  const { schema } = place;
  const given = typeof place.value === "string" ? place.value : "";
  const long = (schema.maxLength ?? 0) > LINE || given.length > LINE || given.includes("\n");
  if (schema.format === "date" || schema.format === "date-time") return datePart(place, nullable);
  const control = document.createElement(long ? "textarea" : "input");
  control.className = "field";
  control.value = given;
  control.autocomplete = "off";
  if (control instanceof HTMLTextAreaElement) control.rows = 4;
  else if (schema.format === "email" || schema.format === "uri") control.inputMode = schema.format === "uri" ? "url" : "email";
  return controlPart(place, control, () => {
    const value = control.value;
    if (value === "") return empty(place, nullable);
    const { minLength = 0, maxLength = Infinity } = schema;
    if ([...value].length < minLength) return { wrong: text("js-field-too_short-min", { min: minLength }) };
    if ([...value].length > maxLength) return { wrong: text("js-field-too_long-max", { max: maxLength }) };
    if (schema.pattern && !matches(schema.pattern, value)) return { wrong: text("js-run-pattern", { pattern: schema.pattern }) };
    return { value };
  });
}

/** A pattern that browsers do not know is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

/** A day as it is; an instant on the clock of whoever looks, sent with its zone. */
function datePart(place: Place, nullable: boolean): Part {
  const day = place.schema.format === "date";
  const given = typeof place.value === "string" ? place.value : "";
  const local = day ? given : localTime(given);
  // What no such field can show is written as it is.
  if (given !== "" && (day ? !/^\d{4}-\d\d-\d\d$/.test(given) : local === "")) {
    return textPart({ ...place, schema: { ...place.schema, format: undefined } }, nullable);
  }
  const control = document.createElement("input");
  control.type = day ? "date" : "datetime-local";
  control.className = "field";
  if (!day) control.step = "1";
  control.value = local;
  return controlPart(place, control, () => {
    if (control.validity.badInput) return { wrong: text("js-run-date") };
    if (control.value === "") return empty(place, nullable);
    return { value: day ? control.value : new Date(control.value).toISOString() };
  });
}

function localTime(instant: string): string {
  const date = new Date(instant);
  if (instant === "" || Number.isNaN(date.getTime())) return "";
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function numberPart(place: Place, type: string, nullable: boolean): Part {
  const { schema } = place;
  const control = document.createElement("input");
  control.type = "number";
  control.className = "field";
  control.step = type === "integer" ? "1" : "any";
  if (schema.minimum !== undefined) control.min = String(schema.minimum);
  if (schema.maximum !== undefined) control.max = String(schema.maximum);
  control.value = typeof place.value === "number" ? String(place.value) : "";
  return controlPart(place, control, () => {
    if (control.validity.badInput) return { wrong: text("js-run-number") };
    if (control.value === "") return empty(place, nullable);
    const value = Number(control.value);
    if (type === "integer" && !Number.isInteger(value)) return { wrong: text("js-run-integer") };
    const { minimum: min = -Infinity, maximum: max = Infinity } = schema;
    if (value < min) return { wrong: text("js-field-out_of_range-min", { min }) };
    if (value > max) return { wrong: text("js-run-at-most", { max }) };
    return { value };
  });
}

function boolPart(place: Place, nullable: boolean): Part {
  // Yes, no, or nothing at all: a box that is ticked or not has no third state.
  if ((place.optional && place.schema.default === undefined) || nullable) return choicePart(place, [true, false]);
  const control = document.createElement("input");
  control.type = "checkbox";
  control.checked = place.value === true;
  const part = controlPart(place, control, () => ({ value: control.checked }));
  return part;
}

function choicePart(place: Place, values: unknown[]): Part {
  const control = document.createElement("select");
  control.className = "field";
  const none = place.optional || place.value === ABSENT || place.value === null;
  if (none && !values.includes(null)) control.append(new Option(text("js-run-none"), ""));
  values.forEach((value, index) => control.append(new Option(shown(value), String(index))));
  const chosen = place.value === ABSENT ? -1 : values.findIndex((one) => same(one, place.value));
  control.value = chosen < 0 ? "" : String(chosen);
  if (chosen < 0 && values.includes(null)) control.selectedIndex = -1;
  const { nullable } = typeOf(place.schema);
  return controlPart(place, control, () => {
    if (control.value === "") return empty(place, nullable);
    return { value: values[Number(control.value)] };
  });
}

function shown(value: unknown): string {
  if (value === true) return text("js-run-yes");
  if (value === false) return text("js-run-no");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What no other field is for: written as JSON. */
function jsonPart(place: Place): Part {
  const control = document.createElement("textarea");
  control.className = "field mono";
  control.rows = 3;
  control.spellcheck = false;
  control.value = place.value === ABSENT ? "" : JSON.stringify(place.value, null, 2);
  const labelled = { ...place, schema: { ...place.schema, description: place.schema.description ?? text("js-run-json-hint") } };
  return controlPart(labelled, control, () => {
    if (control.value.trim() === "") return empty(place, true);
    try {
      return { value: JSON.parse(control.value) };
    } catch (error) {
      return { wrong: text("js-run-bad-json", { reason: (error as Error).message }) };
    }
  });
}

/** A frame around parts, with its own error. */
function group(place: Place, legend: boolean): { element: HTMLElement; body: HTMLElement; head: HTMLElement; refuse(message: string): void } {
  const element = document.createElement(legend ? "fieldset" : "div");
  const head = document.createElement("legend");
  const body = document.createElement("div");
  body.className = "grid gap-4";
  const error = document.createElement("p");
  error.className = "error";
  if (legend) {
    element.className = "border border-line rounded-lg px-4 pb-4 pt-2 min-w-0";
    head.className = "label !mb-0 px-1";
    head.textContent = place.schema.title ?? (place.name || text("js-run-input"));
    if (place.optional) head.append(optionalMark());
    element.append(head);
  }
  if (place.schema.description) {
    const hint = document.createElement("p");
    hint.className = "hint !mt-0 mb-3";
    hint.textContent = place.schema.description;
    element.append(hint);
  }
  element.append(body, error);
  const refuse = (message: string) => {
    error.textContent = message;
  };
  return { element, body, head, refuse };
}

function objectPart(place: Place, root: Schema): Part {
  const { element, body, head, refuse } = group(place, place.depth > 0);
  const given = (place.value === ABSENT || place.value === null ? {} : place.value) as Record<string, unknown>;
  const parts = new Map<string, Part>();
  for (const [name, schema] of Object.entries(place.schema.properties ?? {})) {
    const child = resolved(schema, root);
    const optional = !(place.schema.required ?? []).includes(name);
    const value = Object.hasOwn(given, name) ? given[name] : ABSENT;
    const part = partOf({ name, schema: child, value, optional, depth: place.depth + 1 }, root);
    parts.set(name, part);
    body.append(part.element);
  }
  // One that may be left out is there when its box is ticked.
  const box = place.optional ? includeBox(place, head, body) : undefined;
  const isGiven = () => box?.checked ?? true;
  return {
    element,
    refuse,
    value: () => {
      if (!isGiven()) return place.value === null ? null : ABSENT;
      const result: Record<string, unknown> = { ...given };
      for (const [name, part] of parts) {
        const value = part.value();
        if (value === ABSENT) delete result[name];
        else Object.defineProperty(result, name, { value, enumerable: true, configurable: true, writable: true });
      }
      return result;
    },
    check: () => {
      refuse("");
      return !isGiven() || [...parts.values()].map((part) => part.check()).every(Boolean);
    },
    at: ([first, ...rest]) => (first === undefined ? ({ element, refuse } as Part) : parts.get(first)?.at(rest)),
  };
}

function includeBox(place: Place, head: HTMLElement, body: HTMLElement): HTMLInputElement {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = place.value !== ABSENT && place.value !== null;
  const label = document.createElement("label");
  label.className = "check";
  label.append(box, ...head.childNodes);
  head.append(label);
  const sync = () => {
    body.hidden = !box.checked;
    head.parentElement?.classList.toggle("!pb-0", !box.checked);
  };
  box.addEventListener("input", sync);
  sync();
  return box;
}

function listPart(place: Place, root: Schema): Part {
  const { element, body, head, refuse } = group(place, true);
  const { schema } = place;
  const fixed = schema.prefixItems;
  const given = Array.isArray(place.value) ? (place.value as unknown[]) : [];
  const parts: { part: Part; row: HTMLElement }[] = [];
  let touched = false;
  const itemSchema = (index: number) => {
    const own = fixed?.[index] ?? (typeof schema.items === "object" ? schema.items : {});
    return resolved(own, root);
  };
  const add = (value: Given): HTMLElement => {
    const index = parts.length;
    const name = `${index + 1}`;
    const part = partOf({ name, schema: itemSchema(index), value, optional: false, depth: place.depth + 1 }, root);
    const row = document.createElement("div");
    row.className = "flex gap-2 items-start";
    part.element.classList.add("flex-1", "min-w-0");
    row.append(part.element);
    const entry = { part, row };
    parts.push(entry);
    if (!fixed) row.append(removeButton(entry));
    body.append(row);
    return part.element;
  };
  const removeButton = (entry: { part: Part; row: HTMLElement }) => {
    const label = text("js-run-remove", { n: parts.length });
    const button = quietButton("×", label);
    button.addEventListener("click", () => {
      touched = true;
      parts.splice(parts.indexOf(entry), 1);
      entry.row.remove();
      more.focus();
    });
    return button;
  };
  const more = quietButton(text("js-run-add"), text("js-run-add"));
  more.className = "btn btn-small mt-3";
  more.addEventListener("click", () => {
    touched = true;
    const made = add(ABSENT);
    made.querySelector<HTMLElement>("input, select, textarea")?.focus();
  });
  const count = fixed ? Math.max(fixed.length, given.length) : given.length;
  for (let index = 0; index < count; index++) add(index < given.length ? given[index] : ABSENT);
  if (!fixed) element.append(more);
  const box = fixed && place.optional ? includeBox(place, head, body) : undefined;
  const isGiven = () => (box ? box.checked : !place.optional || touched || place.value !== ABSENT || parts.length > 0);
  return {
    element,
    refuse,
    value: () => {
      if (!isGiven()) return ABSENT;
      if (place.value === null && !touched && !fixed) return null;
      return parts.map(({ part }) => {
        const value = part.value();
        return value === ABSENT ? null : value;
      });
    },
    check: () => {
      refuse("");
      if (!isGiven()) return true;
      const { minItems = 0, maxItems = Infinity } = schema;
      if (parts.length < minItems) refuse(text("js-run-min-items", { min: minItems }));
      else if (parts.length > maxItems) refuse(text("js-field-too_many-max", { max: maxItems }));
      const fits = parts.length >= minItems && parts.length <= maxItems;
      return parts.map(({ part }) => part.check()).every(Boolean) && fits;
    },
    at: ([first, ...rest]) => (first === undefined ? ({ element, refuse } as Part) : parts[Number(first)]?.part.at(rest)),
  };
}

function quietButton(caption: string, label: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-quiet btn-square";
  button.textContent = caption;
  button.setAttribute("aria-label", label);
  return button;
}
