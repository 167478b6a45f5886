// The language as it was before any script could change it. The prelude goes through these names
// only: a script that replaces Array.prototype.map must not get to see what we map.
const { call: hostCall, callSync: hostCallSync, log: hostLog, now: hostNow, classOf } = host;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, isFrozen } = Object;
const { apply, ownKeys } = Reflect;
const { isArray } = Array;
const { parse, stringify } = JSON;
const { isView } = ArrayBuffer;
const { asyncIterator: asyncIteratorKey, iterator: iteratorKey } = Symbol;
const bufferOf = ArrayBuffer;
const BytesOf = Uint8Array;
const DateOf = Date;
const DOMExceptionOf = DOMException;
const ErrorOf = Error;
const MapOf = Map;
const PromiseOf = Promise;
const RangeErrorOf = RangeError;
const RegExpOf = RegExp;
const SetOf = Set;
const TypeErrorOf = TypeError;
const toText = String;
const fromBase64 = Uint8Array.fromBase64;
const rejected = Promise.reject.bind(Promise);
const arrayJoin = uncurry(Array.prototype.join);
const bytesToBase64 = uncurry(Uint8Array.prototype.toBase64);
const setBytes = uncurry(getPrototypeOf(Uint8Array.prototype).set);
const dateToIso = uncurry(Date.prototype.toISOString);
const dateToMillis = uncurry(Date.prototype.getTime);
const errorToText = uncurry(Error.prototype.toString);
const mapDelete = uncurry(Map.prototype.delete);
const mapForEach = uncurry(Map.prototype.forEach);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapSize = uncurry(getOwnPropertyDescriptor(Map.prototype, "size").get);
const objectTag = uncurry(Object.prototype.toString);
const regExpToText = uncurry(RegExp.prototype.toString);
const setForEach = uncurry(Set.prototype.forEach);
const setSize = uncurry(getOwnPropertyDescriptor(Set.prototype, "size").get);
const symbolToText = uncurry(Symbol.prototype.toString);
const textIncludes = uncurry(String.prototype.includes);
const textIndexOf = uncurry(String.prototype.indexOf);
const textCode = uncurry(String.prototype.charCodeAt);
const textNormalize = uncurry(String.prototype.normalize);
const textRepeat = uncurry(String.prototype.repeat);
const textSlice = uncurry(String.prototype.slice);
const textSplit = uncurry(String.prototype.split);
const textToLower = uncurry(String.prototype.toLowerCase);
const textToWellFormed = uncurry(String.prototype.toWellFormed);
const promiseThen = uncurry(Promise.prototype.then);
const { floor } = Math;
const nativeElapsed = performance.now;
const nativeMicrotask = queueMicrotask;
const viewGetters = (prototype) => {
  const getter = (name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
  return { __proto__: null, buffer: getter("buffer"), offset: getter("byteOffset"), size: getter("byteLength") };
};
const typedArrayView = viewGetters(getPrototypeOf(Uint8Array.prototype));
const dataView = viewGetters(DataView.prototype);

// Sets an own property whatever setters hang on the prototypes.
const put = (object, key, value) =>
  defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
const append = (list, value) => put(list, list.length, value);

// The bytes a view shows or a buffer holds; undefined when it is neither.
const bytesOf = (value) => {
  if (isView(value)) {
    const view = classOf(value) === "DataView" ? dataView : typedArrayView;
    return new BytesOf(view.buffer(value), view.offset(value), view.size(value));
  }
  const kind = classOf(value);
  return kind === "ArrayBuffer" || kind === "SharedArrayBuffer" ? new BytesOf(value) : undefined;
};

// A name of the language, which a script may replace for itself like any other (decision 0004).
const language = (name, value) =>
  defineProperty(globalThis, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });

// Classes of ours: how to know their objects, and what a console shows of them.
const brands = [];

// A name of ours in the script's world, which stays as it is.
const fix = (object, key, value) =>
  defineProperty(object, key, { __proto__: null, value, writable: false, enumerable: true, configurable: false });
const fixLazily = (object, key, make) => {
  let made = false;
  let value;
  const get = () => {
    if (!made) {
      value = make();
      made = true;
    }
    return value;
  };
  freeze(get);
  defineProperty(object, key, { __proto__: null, get, enumerable: true, configurable: false });
  return get;
};

// Freezes plain data all the way down.
const freezeDeeply = (value) => {
  if (typeof value !== "object" || value === null || isFrozen(value)) return value;
  freeze(value);
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const property = getOwnPropertyDescriptor(value, keys[i]);
    if ("value" in property) freezeDeeply(property.value);
  }
  return value;
};

// Freezes what we give out, with its functions.
const freezeApi = (object) => {
  const keys = ownKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const value = object[keys[i]];
    if (typeof value === "function") freeze(value);
    else if (typeof value === "object" && value !== null) freezeApi(value);
  }
  return freeze(object);
};
