// How a run begins: the entry function with its argument and ctx, and for endpoints what becomes
// of the returned value. The host checks status, headers and body once more.

// In parts, so that a large body is not there several times at once.
const readBody = (size) => {
  const bytes = new BytesOf(size);
  for (let at = 0; at < size; ) {
    const part = fromBase64(hostCallSync("internal.body", `[${at}]`));
    setBytes(bytes, part, at);
    at += typedArrayView.size(part);
  }
  return bytes;
};

// req.body and req.rawBody as bytes are fetched when the script reads them.
const makeRequest = (request) => {
  const { binary, size } = request;
  delete request.binary;
  delete request.size;
  let bytes;
  const rawBody = freeze(() => (bytes ??= readBody(size)));
  defineProperty(request, "rawBody", { __proto__: null, get: rawBody, enumerable: false, configurable: true });
  if (binary) defineProperty(request, "body", { __proto__: null, get: rawBody, enumerable: false, configurable: true });
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

const respond = async (entry, request) => makeResponse(await entry(request, ctx));

const enter = (entry, invocation) => {
  const { kind, value } = invocation;
  if (kind === "request") return respond(entry, makeRequest(value));
  if (kind === "event") put(value, "payload", value.data);
  return entry(value, ctx);
};
return { enter };
