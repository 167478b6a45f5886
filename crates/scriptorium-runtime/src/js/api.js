// The objects a script sees. The host checks every argument and every right; what is made here
// is only their shape.

// Arguments as JSON; bytes in the form the host knows.
const written = (value) => {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof bufferOf) value = new BytesOf(value);
  if (!isView(value)) return value;
  const bytes = value instanceof BytesOf ? value : new BytesOf(value.buffer, value.byteOffset, value.byteLength);
  return { __proto__: null, $bytes: bytesToBase64(bytes) };
};
const notJson = (why) => {
  const refusal = new TypeErrorOf(`the arguments must be JSON: ${why}`);
  put(refusal, "code", "VALIDATION_ERROR");
  return refusal;
};
const argumentsJson = (values) => {
  const list = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // JSON would have null for it, which is what an argument is that was not given.
    if (typeof value === "number" && value - value !== 0) throw notJson(`there is no number ${value} in it`);
    append(list, written(value));
  }
  try {
    return stringify(list);
  } catch (error) {
    throw notJson(error?.message ?? error);
  }
};

const giveDate = (millis) => new DateOf(millis);
const giveBytes = (base64) => fromBase64(base64);
const giveResponse = (response) => {
  const { body } = response;
  if (typeof body === "object" && body !== null && typeof body.$bytes === "string") {
    put(response, "body", fromBase64(body.$bytes));
  }
  return response;
};

// A list of a service; a dry run that did not ask for it has none.
const giveList = (page) => {
  if (page === null) return null;
  put(page.items, "nextCursor", page.nextCursor);
  return page.items;
};

const makeLater = (path, give, optionsAt) => {
  if (give === "response") return (...values) => sendRequest(path, values, optionsAt);
  if (give === "list") {
    return (...values) => {
      try {
        return promiseThen(hostCall(path, argumentsJson(values)), giveList);
      } catch (error) {
        return rejected(error);
      }
    };
  }
  return (...values) => {
    try {
      return hostCall(path, argumentsJson(values));
    } catch (error) {
      return rejected(error);
    }
  };
};

// A request may have a signal among its options: the host knows it by a number.
let lastSignal = 0;
const sendRequest = (path, values, optionsAt) => {
  try {
    const options = values[optionsAt];
    const signal = typeof options === "object" && options !== null ? options.signal : undefined;
    if (signal === undefined || signal === null) return promiseThen(hostCall(path, argumentsJson(values)), giveResponse);
    if (!signals.isSignal(signal)) throw new TypeErrorOf("options.signal must be an AbortSignal");
    if (signals.aborted(signal)) throw signals.reasonOf(signal);
    const number = ++lastSignal;
    const sent = create(null);
    const keys = ownKeys(options);
    for (let i = 0; i < keys.length; i++) if (typeof keys[i] === "string") put(sent, keys[i], options[keys[i]]);
    put(sent, "signal", number);
    put(values, optionsAt, sent);
    const answer = promiseThen(hostCall(path, argumentsJson(values)), giveResponse);
    return new PromiseOf((resolve, reject) => {
      signals.onAbort(signal, (reason) => {
        hostCallSync("internal.abort", `[${number}]`);
        reject(reason);
      });
      promiseThen(answer, resolve, reject);
    });
  } catch (error) {
    return rejected(error);
  }
};
const makeNow = (path, give) => {
  if (give === "date") return (...values) => giveDate(hostCallSync(path, argumentsJson(values)));
  if (give === "bytes") return (...values) => giveBytes(hostCallSync(path, argumentsJson(values)));
  return (...values) => hostCallSync(path, argumentsJson(values));
};

// `storage.set` and its like, from the table; nothing of a prototype is in these objects.
const made = create(null);
// What is deprecated and needs nothing of the host: the host is told, and refuses it when it is gone.
const telling = (path, value) => (...values) => {
  try {
    hostCallSync("internal.deprecated", stringify([path]));
  } catch (error) {
    if (DEPRECATED[path]) return rejected(error);
    throw error;
  }
  return apply(value, undefined, values);
};
const place = (path, value) => {
  if (DEPRECATED[path] !== undefined) value = telling(path, value);
  const names = textSplit(path, ".");
  let object = made;
  for (let i = 0; i < names.length - 1; i++) {
    if (object[names[i]] === undefined) put(object, names[i], create(null));
    object = object[names[i]];
  }
  const name = names[names.length - 1];
  if (typeof value === "function") {
    defineProperty(value, "name", { __proto__: null, value: name });
    freeze(value);
  }
  put(object, name, value);
};
for (let i = 0; i < BINDINGS.length; i++) {
  const row = BINDINGS[i];
  place(row[0], row[1] ? makeLater(row[0], row[2], row[3]) : makeNow(row[0], row[2]));
}

// console
const line = (level) => (...values) => hostLog(level, format(values), null);
place("console.log", line("info"));
place("console.info", line("info"));
place("console.warn", line("warn"));
place("console.error", line("error"));
place("console.debug", line("debug"));

const sayProgress = made.console.progress;
const progress = (done, total, text) => {
  sayProgress(done, total, text);
};
place("console.progress", progress);

// ctx.logger and sdk.log: a message with data, and loggers that carry fields.
const makeLogger = (fields) => {
  const logger = create(null);
  const merged = (data) => {
    const all = create(null);
    const copy = (from) => {
      if (typeof from !== "object" || from === null) return;
      const keys = ownKeys(from);
      for (let i = 0; i < keys.length; i++) if (typeof keys[i] === "string") put(all, keys[i], from[keys[i]]);
    };
    copy(fields);
    copy(data);
    return all;
  };
  const write = (level) => (message, data) => {
    const text = format([message]);
    if (data === undefined && fields === undefined) return hostLog(level, text, null);
    const plain = typeof data === "object" && data !== null && !isArray(data);
    const value = fields === undefined ? data : merged(plain ? data : { __proto__: null, data });
    return hostLog(level, text, jsonText(value));
  };
  put(logger, "debug", write("debug"));
  put(logger, "info", write("info"));
  put(logger, "warn", write("warn"));
  put(logger, "error", write("error"));
  put(logger, "progress", progress);
  put(logger, "with", (more) => makeLogger(merged(more)));
  freezeApi(logger);
  return logger;
};

// Helpers that need nothing of the host.
const refusal = (code, message) => {
  const error = new ErrorOf(message);
  put(error, "code", code);
  return error;
};
const failed = (field, message) => {
  const error = refusal("VALIDATION_ERROR", `${field} ${message}`);
  put(error, "field", field);
  return error;
};
const sleep = (milliseconds) => {
  if (typeof milliseconds !== "number" || !(milliseconds >= 0)) return rejected(failed("milliseconds", "must be a number"));
  return new PromiseOf((resolve) => timers.add(() => resolve(undefined), milliseconds));
};
place("utils.sleep", sleep);
place("utils.retry", async (work, options) => {
  if (typeof work !== "function") throw failed("work", "must be a function");
  const { attempts = 3, delay = 200, factor = 2, maxDelay = 30_000, when } = options ?? {};
  if (typeof attempts !== "number" || attempts < 1 || attempts > 100) throw failed("options.attempts", "must be 1 to 100");
  if (typeof delay !== "number" || !(delay >= 0)) throw failed("options.delay", "must be milliseconds");
  if (typeof factor !== "number" || !(factor >= 1)) throw failed("options.factor", "must be 1 or more");
  let wait = delay;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || (typeof when === "function" && !when(error, attempt))) throw error;
    }
    await sleep(wait < maxDelay ? wait : maxDelay);
    wait *= factor;
  }
});
place("utils.assert", (condition, message) => {
  if (!condition) throw refusal(ASSERTION, message === undefined ? "an assertion does not hold" : format([message]));
});
place("utils.chunk", (list, size) => {
  if (!isArray(list)) throw failed("list", "must be a list");
  if (typeof size !== "number" || size < 1 || floor(size) !== size) throw failed("size", "must be a whole number, 1 or more");
  const pieces = [];
  let piece;
  for (let i = 0; i < list.length; i++) {
    if (i % size === 0) append(pieces, (piece = []));
    append(piece, list[i]);
  }
  return pieces;
});
const LATIN = {
  __proto__: null, а: "a", б: "b", в: "v", г: "g", ғ: "g", д: "d", е: "e", ё: "yo", ж: "zh", з: "z", и: "i", й: "y", к: "k", қ: "q",
  л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ў: "o", ф: "f", х: "kh", ҳ: "h", ц: "ts", ч: "ch",
  ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya", ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d",
  þ: "th", ł: "l", ı: "i", "ʻ": "", "ʼ": "", "'": "", "’": "",
};
place("utils.slug", (value) => {
  if (typeof value !== "string") throw failed("text", "must be a string");
  const letters = textToLower(textSlice(value, 0, 10_000));
  let slug = "";
  let gap = false;
  for (let i = 0; i < letters.length; i++) {
    const own = LATIN[letters[i]];
    const plain = own === undefined ? textNormalize(letters[i], "NFD") : own;
    for (let j = 0; j < plain.length; j++) {
      const code = textCode(plain, j);
      if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57)) {
        if (gap && slug !== "") slug += "-";
        gap = false;
        slug += plain[j];
      } else if (code < 0x300 || code > 0x36f) gap = true;
    }
  }
  return slug;
});

place("utils.date.now", () => new DateOf());

// An event; of those that are given together the first one, which has all of them.
const makeEvent = (value) => {
  if (!isArray(value)) {
    put(value, "payload", value.data);
    return value;
  }
  for (let i = 0; i < value.length; i++) put(value[i], "payload", value[i].data);
  const first = { ...value[0] };
  put(first, "batch", value);
  return first;
};

// context: read from the host when a script first looks at it.
const budget = made.context.budget;
let contextValue;
const readContext = () => {
  if (contextValue === undefined) {
    const value = hostCallSync("internal.context", "[]");
    const deadline = value.deadlineAt;
    delete value.deadlineAt;
    if (value.event !== null) value.event = makeEvent(value.event);
    put(value.trigger, "eventPayload", value.event === null ? null : value.event.data);
    put(value.trigger, "httpRequest", value.request);
    put(value, "budget", budget);
    const remaining = () => {
      const left = deadline - hostNow();
      return left > 0 ? left : 0;
    };
    freeze(remaining);
    defineProperty(value, "deadlineMs", { __proto__: null, get: remaining, enumerable: true, configurable: false });
    contextValue = freezeDeeply(value);
  }
  return contextValue;
};
place("events.current", () => readContext().event);

// services: what this script may call, which is not the same for all.
const makeMethod = (service, name, path, give) => {
  const method = makeLater(`services.${path}.${name}`, give);
  defineProperty(method, "name", { __proto__: null, value: name });
  put(service, name, method);
};
const allServices = create(null);
for (let i = 0; i < SERVICES.length; i++) {
  const name = SERVICES[i][0];
  const methods = SERVICES[i][1];
  const service = create(null);
  for (let j = 0; j < methods.length; j++) makeMethod(service, methods[j], name, "plain");
  put(allServices, name, service);
}
freezeApi(allServices);
// A text is the name of one of those; the tenant's own come with their methods.
const readServices = () => {
  const told = hostCallSync("internal.services", "[]");
  if (told === null) return allServices;
  const allowed = create(null);
  for (let i = 0; i < told.length; i++) {
    if (typeof told[i] === "string") {
      put(allowed, told[i], allServices[told[i]]);
      continue;
    }
    const name = told[i][0];
    const methods = told[i][1];
    const service = create(null);
    for (let j = 0; j < methods.length; j++) makeMethod(service, methods[j][0], name, methods[j][1]);
    put(allowed, name, freezeApi(service));
  }
  return freeze(allowed);
};

// db.transaction: the host begins, commits and rolls back; what is here says in between that it is over.
const makeTransaction = (state) => {
  const tx = create(null);
  const names = ownKeys(made.db);
  for (let i = 0; i < names.length; i++) {
    const call = made.db[names[i]];
    const within = (...values) => {
      if (state.open) return apply(call, undefined, values);
      return rejected(refusal("TRANSACTION_OVER", "the transaction is over, and nothing more can be done in it"));
    };
    if (names[i] === "tables" || names[i] === "transaction") continue;
    defineProperty(within, "name", { __proto__: null, value: names[i] });
    put(tx, names[i], freeze(within));
  }
  return freeze(tx);
};
place("db.transaction", async (work) => {
  if (typeof work !== "function") {
    const error = refusal("VALIDATION_ERROR", "work must be a function");
    put(error, "field", "work");
    throw error;
  }
  await hostCall("db.begin", "[]");
  const state = { __proto__: null, open: true };
  let result;
  try {
    result = await work(makeTransaction(state));
  } catch (error) {
    state.open = false;
    await hostCall("db.rollback", "[]");
    throw error;
  }
  state.open = false;
  await hostCall("db.commit", "[]");
  return result;
});

const { cache, db, secrets, storage, events, http, utils, console: consoleApi } = made;
freezeApi(cache);
freezeApi(secrets);
freezeApi(db);
freezeApi(storage);
freezeApi(events);
freezeApi(http);
freezeApi(utils);
freezeApi(consoleApi);
freeze(budget);
const logger = makeLogger(undefined);

// Three spellings of one implementation: x, ctx.x, sdk.x.
const ctx = create(null);
const sdk = create(null);
const everywhere = (name, value) => {
  fix(globalThis, name, value);
  fix(ctx, name, value);
  fix(sdk, name, value);
};
everywhere("db", db);
everywhere("storage", storage);
everywhere("cache", cache);
everywhere("secrets", secrets);
everywhere("events", events);
everywhere("http", http);
everywhere("utils", utils);
everywhere("console", consoleApi);
const services = fixLazily(globalThis, "services", readServices);
defineProperty(ctx, "services", { __proto__: null, get: services, enumerable: true, configurable: false });
defineProperty(sdk, "services", { __proto__: null, get: services, enumerable: true, configurable: false });
const context = freeze(() => readContext());
defineProperty(globalThis, "context", { __proto__: null, get: context, enumerable: true, configurable: false });
defineProperty(sdk, "context", { __proto__: null, get: context, enumerable: true, configurable: false });
fix(ctx, "logger", logger);
fix(ctx, "log", logger);
fix(sdk, "log", logger);
fix(sdk, "logger", logger);
const CONTEXT_KEYS = [
  "tenant", "user", "script", "execution", "tenantId", "userId", "organizationId", "scriptId", "executionId",
  "input", "trigger", "event", "request", "requestId", "locale", "timezone", "deadlineMs",
];
for (let i = 0; i < CONTEXT_KEYS.length; i++) {
  const name = CONTEXT_KEYS[i];
  const get = freeze(() => readContext()[name]);
  defineProperty(ctx, name, { __proto__: null, get, enumerable: true, configurable: false });
}
fix(ctx, "budget", budget);
freeze(ctx);
freeze(sdk);
fix(globalThis, "ctx", ctx);
fix(globalThis, "sdk", sdk);
