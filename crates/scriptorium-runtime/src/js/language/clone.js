// structuredClone: copies of data by what an object is inside, whatever its prototype says. It
// keeps a stack of its own, so that how deep data nests is bounded by memory alone.
{
  const bufferTransfer = uncurry(ArrayBuffer.prototype.transfer);
  const bufferSlice = uncurry(ArrayBuffer.prototype.slice);
  const bufferGetter = (name) => uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, name).get);
  const bufferDetached = bufferGetter("detached");
  const bufferResizable = bufferGetter("resizable");
  const bufferSize = bufferGetter("byteLength");
  const bufferMost = bufferGetter("maxByteLength");
  const bytesSet = uncurry(Uint8Array.prototype.set);
  const mapHas = uncurry(Map.prototype.has);
  const setAdd = uncurry(Set.prototype.add);
  const errorStack = uncurry(getOwnPropertyDescriptor(Error.prototype, "stack").get);
  const exceptionGetter = (name) => uncurry(getOwnPropertyDescriptor(DOMException.prototype, name).get);
  const exceptionName = exceptionGetter("name");
  const exceptionMessage = exceptionGetter("message");
  const typedLength = uncurry(getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), "length").get);
  const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
  const iteratorKey = Symbol.iterator;
  const wrap = Object;

  const VIEWS = create(null);
  for (const view of [
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array, DataView,
  ]) VIEWS[view.name] = view;
  const ERRORS = create(null);
  for (const error of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) ERRORS[error.name] = error;
  const PRIMITIVES = {
    __proto__: null,
    BigInt: uncurry(BigInt.prototype.valueOf),
    Boolean: uncurry(Boolean.prototype.valueOf),
    Number: uncurry(Number.prototype.valueOf),
    String: uncurry(String.prototype.valueOf),
  };
  const regExpGetter = (name) => uncurry(getOwnPropertyDescriptor(RegExp.prototype, name).get);
  const regExpSource = regExpGetter("source");
  const FLAGS = [
    ["d", "hasIndices"], ["g", "global"], ["i", "ignoreCase"], ["m", "multiline"],
    ["s", "dotAll"], ["u", "unicode"], ["v", "unicodeSets"], ["y", "sticky"],
  ];
  for (let i = 0; i < FLAGS.length; i++) FLAGS[i][1] = regExpGetter(FLAGS[i][1]);
  const regExpFlags = (value) => {
    let flags = "";
    for (let i = 0; i < FLAGS.length; i++) if (FLAGS[i][1](value)) flags += FLAGS[i][0];
    return flags;
  };

  const fail = (message) => {
    throw new DOMExceptionOf(message, "DataCloneError");
  };
  const refuse = (what) => fail(`${what} cannot be cloned`);

  const cloneBuffer = (buffer) => {
    if (bufferDetached(buffer)) fail("an ArrayBuffer is detached");
    if (!bufferResizable(buffer)) return bufferSlice(buffer, 0);
    const copy = new bufferOf(bufferSize(buffer), { __proto__: null, maxByteLength: bufferMost(buffer) });
    bytesSet(new BytesOf(copy), new BytesOf(buffer));
    return copy;
  };

  // Own data of an error, never what its getters or its prototype say.
  const dataOf = (value, key) => {
    const property = getOwnPropertyDescriptor(value, key);
    return property !== undefined && "value" in property ? property : undefined;
  };
  const hide = (object, key, value) =>
    defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });

  const cloneOf = (value, options) => {
    const copies = new MapOf();
    let work = null;

    // The copy of one value. What it holds is copied by the work that this leaves.
    const copyOf = (value) => {
      if (typeof value === "symbol") refuse("a symbol");
      if (typeof value === "function") refuse("a function");
      if (typeof value !== "object" || value === null) return value;
      if (mapHas(copies, value)) return mapGet(copies, value);
      const copy = copyOfObject(value);
      mapSet(copies, value, copy);
      return copy;
    };

    const later = (kind, from, to, items) => {
      work = { __proto__: null, kind, from, to, items, next: 0, below: work };
      return to;
    };

    const copyOfObject = (value) => {
      const kind = classOf(value);
      switch (kind) {
        case "Object":
        case "Arguments": {
          for (let i = brands.length - 1; i >= 0; i--) if (brands[i].is(value)) refuse(brands[i].name);
          return later("properties", value, {}, ownKeys(value));
        }
        case "Array": {
          const copy = [];
          copy.length = value.length;
          return later("properties", value, copy, ownKeys(value));
        }
        case "Map": {
          const items = [];
          mapForEach(value, (item, key) => {
            append(items, key);
            append(items, item);
          });
          return later("map", value, new MapOf(), items);
        }
        case "Set": {
          const items = [];
          setForEach(value, (item) => append(items, item));
          return later("set", value, new SetOf(), items);
        }
        case "Date":
          return new DateOf(dateToMillis(value));
        case "RegExp":
          return new RegExpOf(regExpSource(value), regExpFlags(value));
        case "BigInt":
        case "Boolean":
        case "Number":
        case "String":
          return wrap(PRIMITIVES[kind](value));
        case "ArrayBuffer":
          return cloneBuffer(value);
        case "Error":
          return copyOfError(value);
        case "DOMException": {
          const copy = new DOMExceptionOf(exceptionMessage(value), exceptionName(value));
          const stack = dataOf(value, "stack");
          if (typeof stack?.value === "string") hide(copy, "stack", stack.value);
          return copy;
        }
        default:
          return VIEWS[kind] === undefined ? refuse(kind) : copyOfView(value, VIEWS[kind]);
      }
    };

    const copyOfView = (value, View) => {
      const view = View === VIEWS.DataView ? dataView : typedArrayView;
      const from = view.buffer(value);
      if (classOf(from) !== "ArrayBuffer") refuse("SharedArrayBuffer");
      const buffer = copyOf(from);
      const offset = view.offset(value);
      return new View(buffer, offset, View === VIEWS.DataView ? view.size(value) : typedLength(value));
    };

    const copyOfError = (value) => {
      const name = value.name;
      const kind = typeof name === "string" && ERRORS[name] !== undefined ? ERRORS[name] : ErrorOf;
      const message = dataOf(value, "message");
      const copy = message === undefined ? new kind() : new kind(`${message.value}`);
      const stack = dataOf(value, "stack")?.value ?? errorStack(value);
      if (typeof stack === "string") hide(copy, "stack", stack);
      const cause = dataOf(value, "cause");
      return cause === undefined ? copy : later("cause", value, copy, [cause.value]);
    };

    // One more part of what lies on top.
    const step = (top) => {
      const { kind, from, to, items } = top;
      if (top.next === items.length) {
        work = top.below;
        return;
      }
      const item = items[top.next++];
      if (kind === "properties") {
        if (typeof item === "string" && isEnumerable(from, item)) put(to, item, copyOf(from[item]));
      } else if (kind === "set") {
        setAdd(to, copyOf(item));
      } else if (kind === "cause") {
        hide(to, "cause", copyOf(item));
      } else {
        mapSet(to, copyOf(item), copyOf(items[top.next++]));
      }
    };

    const moved = options === undefined || options === null ? [] : transferred(options.transfer);
    const copy = copyOf(value);
    while (work !== null) step(work);
    for (let i = 0; i < moved.length; i++) {
      if (bufferDetached(moved[i])) fail("an ArrayBuffer is detached");
    }
    for (let i = 0; i < moved.length; i++) bufferTransfer(moved[i]);
    return copy;
  };

  // The buffers that the caller gives away, by the protocol of iteration.
  const transferred = (list) => {
    const moved = [];
    if (list === undefined) return moved;
    if (typeof list !== "object" || list === null || typeof list[iteratorKey] !== "function") {
      throw new TypeErrorOf("transfer must be a list of ArrayBuffers");
    }
    for (const one of list) {
      if (classOf(one) !== "ArrayBuffer") fail("only an ArrayBuffer can be transferred");
      for (let i = 0; i < moved.length; i++) if (moved[i] === one) fail("an ArrayBuffer is transferred twice");
      append(moved, one);
    }
    return moved;
  };

  const { structuredClone } = {
    structuredClone(value, options = undefined) {
      if (arguments.length === 0) throw new TypeErrorOf("structuredClone needs a value");
      return cloneOf(value, options);
    },
  };
  language("structuredClone", structuredClone);
}
