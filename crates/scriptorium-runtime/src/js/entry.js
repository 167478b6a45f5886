// How a run begins: the entry function with its argument and ctx, and for endpoints what becomes
// of the returned value. The host checks status, headers and body once more.

// In parts, so that a large body is not there several times at once.
const readBody = (size, file) => {
  const bytes = new BytesOf(size);
  for (let at = 0; at < size; ) {
    const part = fromBase64(hostCallSync("internal.body", `[${at},${file}]`));
    setBytes(bytes, part, at);
    at += typedArrayView.size(part);
  }
  return bytes;
};

// A member that is fetched when the script reads it. What a script puts in its place stays.
const lazily = (object, name, read) => {
  let value;
  const get = freeze(() => (value ??= read()));
  const set = freeze((other) => put(object, name, other));
  defineProperty(object, name, { __proto__: null, get, set, enumerable: false, configurable: true });
};

const makeFile = (file) => {
  const { index, size } = file;
  delete file.index;
  lazily(file, "bytes", () => readBody(size, index));
};

// Of a form with files each object is a file: all else in it is text.
const makeFiles = (body) => {
  const names = ownKeys(body);
  for (let i = 0; i < names.length; i++) {
    const value = body[names[i]];
    if (!isArray(value)) {
      if (typeof value === "object") makeFile(value);
      continue;
    }
    for (let j = 0; j < value.length; j++) if (typeof value[j] === "object") makeFile(value[j]);
  }
};

// req.body and req.rawBody as bytes, and files, are fetched when the script reads them.
const makeRequest = (request) => {
  const { binary, files, size } = request;
  delete request.binary;
  delete request.files;
  delete request.size;
  lazily(request, "rawBody", () => readBody(size, -1));
  if (binary) lazily(request, "body", () => request.rawBody);
  if (files) makeFiles(request.body);
  return request;
};

const isResponse = (value) => {
  if (typeof value !== "object" || value === null || isArray(value) || isView(value)) return false;
  const keys = ownKeys(value);
  if (keys.length === 0) return false;
  if (typeof value.status === "number" && (has(value, "body") || has(value, "headers"))) return true;
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== "status" && keys[i] !== "headers" && keys[i] !== "body") return false;
  }
  return !has(value, "status") || typeof value.status === "number";
};
const has = (object, key) => getOwnPropertyDescriptor(object, key) !== undefined;

const headerPairs = (headers) => {
  const pairs = [];
  if (headers === undefined || headers === null) return pairs;
  if (typeof headers !== "object") throw new TypeErrorOf("the response's headers must be an object");
  const keys = ownKeys(headers);
  for (let i = 0; i < keys.length; i++) {
    const name = keys[i];
    if (typeof name !== "string") continue;
    const value = headers[name];
    if (value === undefined || value === null) continue;
    if (!isArray(value)) append(pairs, [name, toText(value)]);
    else for (let j = 0; j < value.length; j++) append(pairs, [name, toText(value[j])]);
  }
  return pairs;
};

const makeResponse = (value) => {
  const response = isResponse(value) ? value : { __proto__: null, body: value ?? null };
  let body = response.body;
  let kind = "json";
  if (body === undefined) kind = "empty";
  else if (isStream(body)) kind = "stream";
  else if (typeof body === "string") kind = "text";
  else if (typeof body === "object" && body !== null && (isView(body) || body instanceof bufferOf)) {
    kind = "bytes";
    body = written(body).$bytes;
  }
  return {
    __proto__: null,
    status: response.status ?? null,
    headers: headerPairs(response.headers),
    kind,
    body,
  };
};

// An iterator that a script returns is an answer in parts: what a generator gives, and what has
// Symbol.asyncIterator. Arrays, texts and collections are values.
const isStream = (value) => {
  if (typeof value !== "object" || value === null || isArray(value) || isView(value)) return false;
  if (typeof value[asyncIteratorKey] === "function") return true;
  return typeof value.next === "function" && typeof value[iteratorKey] === "function";
};

// The head goes out before the first part, and each part when there is room for it. What is returned is
// what the record has of it; the host knows the rest.
const send = async (response) => {
  const { body: parts, status, headers } = response;
  await hostCall("internal.begin", stringify([status, headers]));
  const steps = typeof parts[asyncIteratorKey] === "function" ? parts[asyncIteratorKey]() : parts[iteratorKey]();
  for (;;) {
    const step = await steps.next();
    if (step.done) break;
    await hostCall("internal.send", argumentsJson([step.value]));
  }
  return { __proto__: null, status, headers, kind: "stream", body: null };
};

const respond = async (answer) => {
  const response = makeResponse(answer);
  // Awaited here: what an async function returns is asked for its `then`, which is the script's to change.
  return response.kind === "stream" ? await send(response) : response;
};

// Libraries before and after: the first of those before that gives something has answered; those after
// see every answer, change it or give another.
const callable = (step, role) => {
  if (typeof step.call === "function") return step.call;
  throw new TypeErrorOf(`${step.name} exports no function ${role}, and none as default`);
};
const chain = async ({ before, handle, after }, request) => {
  let answer;
  for (let i = 0; i < before.length && answer === undefined; i++) {
    answer = await callable(before[i], "before")(request, ctx);
  }
  if (answer === undefined) answer = await handle(request, ctx);
  for (let i = 0; i < after.length; i++) {
    const given = isResponse(answer) ? answer : { body: answer ?? null };
    const response = { status: given.status ?? 200, headers: { ...given.headers }, body: given.body };
    const other = await callable(after[i], "after")(response, request, ctx);
    answer = other === undefined ? response : other;
  }
  return answer;
};

const answerAlone = async (entry, request) => await respond(await entry(request, ctx));
const answerInChain = async (entry, request) => await respond(await chain(entry(), request));

const enter = (entry, invocation) => {
  const { kind, value } = invocation;
  if (kind === "request") return answerAlone(entry, makeRequest(value));
  if (kind === "chain") return answerInChain(entry, makeRequest(value));
  return entry(kind === "event" ? makeEvent(value) : value, ctx);
};
return { enter };
