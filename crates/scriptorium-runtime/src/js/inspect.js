// Values as text, the way Node.js shows them on a console: one line when it fits, names of
// classes, two levels deep. Bounded, since a log line is.
const inspect = (() => {
  const DEPTH = 2;
  const ITEMS = 100;
  const LINE = 76;
  const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
  const matches = uncurry(RegExp.prototype.exec);
  const BUDGET = 64 * 1024;

  const quote = (text) => {
    if (text.length > 10000) text = `${textSlice(text, 0, 10000)}…`;
    const json = stringify(text);
    if (textIndexOf(text, "'") >= 0) return json;
    let inner = textSlice(json, 1, -1);
    if (textIndexOf(inner, '\\"') >= 0) inner = arrayJoin(textSplit(inner, '\\"'), '"');
    return `'${inner}'`;
  };

  const className = (value) => {
    for (let o = value; o !== null; o = getPrototypeOf(o)) {
      const property = getOwnPropertyDescriptor(o, "constructor");
      if (property && typeof property.value === "function") {
        const name = getOwnPropertyDescriptor(property.value, "name");
        if (name && typeof name.value === "string" && name.value !== "") return name.value;
      }
    }
    return null;
  };

  const key = (name) => {
    if (typeof name === "symbol") return `[${symbolToText(name)}]`;
    return matches(IDENTIFIER, name) ? name : quote(name);
  };

  const functionText = (value) => {
    const property = getOwnPropertyDescriptor(value, "name");
    const name = property && typeof property.value === "string" ? property.value : "";
    // Sources are not kept, but only a class has a prototype that cannot be replaced.
    const isClass = getOwnPropertyDescriptor(value, "prototype")?.writable === false;
    const kind = isClass ? "class" : textSlice(objectTag(value), 8, -1);
    if (isClass) return `[class ${name || "(anonymous)"}]`;
    return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`;
  };

  const member = (object, name, state, depth) => {
    const property = getOwnPropertyDescriptor(object, name);
    if (!property) return "undefined";
    if (property.get) return property.set ? "[Getter/Setter]" : "[Getter]";
    if (property.set) return "[Setter]";
    return show(property.value, state, depth);
  };

  const braces = (prefix, open, parts, close, depth) => {
    const head = prefix ? `${prefix} ` : "";
    if (parts.length === 0) return `${head}${open}${close}`;
    let length = head.length + 4;
    let multiline = false;
    for (let i = 0; i < parts.length; i++) {
      length += parts[i].length + 2;
      if (textIncludes(parts[i], "\n")) multiline = true;
    }
    if (!multiline && length <= LINE) return `${head}${open} ${arrayJoin(parts, ", ")} ${close}`;
    const indent = textRepeat("  ", depth + 1);
    return `${head}${open}\n${indent}${arrayJoin(parts, `,\n${indent}`)}\n${textRepeat("  ", depth)}${close}`;
  };

  const members = (value, parts, state, depth, skipIndexes) => {
    const keys = ownKeys(value);
    let more = 0;
    for (let i = 0; i < keys.length; i++) {
      const name = keys[i];
      const property = getOwnPropertyDescriptor(value, name);
      if (!property || !property.enumerable) continue;
      if (skipIndexes && typeof name === "string" && matches(/^[0-9]+$/, name)) continue;
      if (parts.length >= ITEMS || state.left <= 0) more++;
      else append(parts, `${key(name)}: ${member(value, name, state, depth + 1)}`);
    }
    if (more) append(parts, `... ${more} more`);
    return parts;
  };

  const list = (value, length, state, depth) => {
    const parts = [];
    for (let i = 0; i < length && i < ITEMS && state.left > 0; i++) {
      const there = getOwnPropertyDescriptor(value, i) !== undefined;
      append(parts, there ? member(value, i, state, depth + 1) : "<empty item>");
    }
    const more = length - parts.length;
    if (more > 0) append(parts, `... ${more} more item${more === 1 ? "" : "s"}`);
    return parts;
  };

  const errorText = (value, state, depth) => {
    let stack;
    try {
      stack = value.stack;
    } catch {
      stack = undefined;
    }
    const title = errorToText(value);
    let text = title;
    if (typeof stack === "string") {
      const lines = textSplit(stack, "\n");
      for (let i = 0; i < lines.length && i < ITEMS; i++) {
        const own = textIncludes(lines[i], "(script:") || textIncludes(lines[i], "at script:") || textIncludes(lines[i], "(lib/");
        if (own) text += `\n${lines[i]}`;
      }
    }
    const parts = members(value, [], state, depth, false);
    return parts.length ? `${text} ${braces("", "{", parts, "}", depth)}` : text;
  };

  const entries = (value, name, state, depth) => {
    const parts = [];
    let count = 0;
    if (name === "Map") {
      mapForEach(value, (item, itemKey) => {
        if (count++ < ITEMS && state.left > 0) append(parts, `${show(itemKey, state, depth + 1)} => ${show(item, state, depth + 1)}`);
      });
    } else {
      setForEach(value, (item) => {
        if (count++ < ITEMS && state.left > 0) append(parts, show(item, state, depth + 1));
      });
    }
    if (count > parts.length) append(parts, `... ${count - parts.length} more items`);
    return parts;
  };

  const objectText = (value, state, depth) => {
    const name = className(value);
    if (value instanceof ErrorOf) return errorText(value, state, depth);
    if (value instanceof DateOf) {
      const millis = dateToMillis(value);
      return millis === millis ? dateToIso(value) : "Invalid Date";
    }
    if (value instanceof RegExpOf) return regExpToText(value);
    for (let i = brands.length - 1; i >= 0; i--) if (brands[i].is(value)) return `${name} ${brands[i].text(value)}`;
    if (depth > DEPTH) return isArray(value) ? "[Array]" : `[${name ?? "Object: null prototype"}]`;
    if (isArray(value)) {
      const parts = members(value, list(value, value.length, state, depth), state, depth, true);
      const prefix = name === "Array" ? "" : `${name}(${value.length})`;
      return braces(prefix, "[", parts, "]", depth);
    }
    if (value instanceof MapOf) return braces(`Map(${mapSize(value)})`, "{", entries(value, "Map", state, depth), "}", depth);
    if (value instanceof SetOf) return braces(`Set(${setSize(value)})`, "{", entries(value, "Set", state, depth), "}", depth);
    if (isView(value) && typeof value.length === "number") {
      return braces(`${name}(${value.length})`, "[", list(value, value.length, state, depth), "]", depth);
    }
    if (value instanceof PromiseOf) return "Promise {}";
    const prefix = name === "Object" ? "" : name ?? "[Object: null prototype]";
    return braces(prefix, "{", members(value, [], state, depth, false), "}", depth);
  };

  const show = (value, state, depth) => {
    let text;
    if (value === null || value === undefined || typeof value === "boolean") text = toText(value);
    else if (typeof value === "string") text = quote(value);
    else if (typeof value === "number") text = value === 0 && 1 / value < 0 ? "-0" : toText(value);
    else if (typeof value === "bigint") text = `${toText(value)}n`;
    else if (typeof value === "symbol") text = symbolToText(value);
    else if (typeof value === "function") text = functionText(value);
    else {
      for (let seen = state.seen; seen; seen = seen.next) if (seen.value === value) return "[Circular]";
      state.seen = { __proto__: null, value, next: state.seen };
      try {
        text = objectText(value, state, depth);
      } catch {
        // A proxy or a broken prototype: the line is still written.
        text = "[Object]";
      }
      state.seen = state.seen.next;
    }
    state.left -= text.length;
    return text;
  };

  return (value) => show(value, { __proto__: null, seen: null, left: BUDGET }, 0);
})();

// The text of one line: %s %d %i %f %j %o %O and %% as on a console, then what is left.
const format = (values) => {
  let text = "";
  let next = 0;
  if (values.length > 0 && typeof values[0] === "string") {
    next = 1;
    const pattern = values[0];
    let from = 0;
    if (values.length > 1) {
      for (let at = textIndexOf(pattern, "%"); at >= 0 && at + 1 < pattern.length; at = textIndexOf(pattern, "%", at + 2)) {
        const letter = pattern[at + 1];
        let shown;
        if (letter === "%") shown = "%";
        else if (next >= values.length) continue;
        else if (letter === "s") shown = typeof values[next] === "string" ? values[next] : inspect(values[next]);
        else if (letter === "d") shown = typeof values[next] === "object" ? "NaN" : inspect(+toText(values[next]));
        else if (letter === "i") shown = typeof values[next] === "object" ? "NaN" : inspect(parseInteger(toText(values[next])));
        else if (letter === "f") shown = inspect(parseNumber(toText(values[next])));
        else if (letter === "j") shown = jsonText(values[next]);
        else if (letter === "o" || letter === "O") shown = inspect(values[next]);
        else continue;
        if (letter !== "%") next++;
        text += textSlice(pattern, from, at) + shown;
        from = at + 2;
      }
    }
    text += textSlice(pattern, from);
  }
  for (let i = next; i < values.length; i++) {
    if (i > 0) text += " ";
    text += typeof values[i] === "string" ? values[i] : inspect(values[i]);
  }
  return text;
};
const parseInteger = parseInt;
const parseNumber = parseFloat;
const jsonText = (value) => {
  try {
    return stringify(value) ?? "undefined";
  } catch {
    return "[Circular]";
  }
};
