// Intl, and what the language has of it elsewhere: toLocaleString and localeCompare. What a format comes to
// and what it writes is the host's; here options are read as the standard (ECMA-402) has them read, and
// a format is a text that goes along with each value.
{
  const slots = new WeakMap();
  const slotOf = uncurry(WeakMap.prototype.get);
  const setSlot = uncurry(WeakMap.prototype.set);
  const asObject = Object;
  const asNumber = Number;
  const numberOf = uncurry(Number.prototype.valueOf);
  const bigIntOf = uncurry(BigInt.prototype.valueOf);
  const textTrim = uncurry(String.prototype.trim);
  const TypedArrays = getPrototypeOf(Uint8Array.prototype);
  const { min } = Math;

  const ask = (call, json) => {
    const reply = hostCallSync(call, json);
    if (typeof reply !== "object" || isArray(reply)) return reply;
    throw reply.range ? new RangeErrorOf(reply.refused) : new TypeErrorOf(reply.refused);
  };
  // Texts as a JSON array, whatever hangs on prototypes.
  const jsonOf = (texts) => {
    let json = "[";
    for (let i = 0; i < texts.length; i++) json += (i > 0 ? "," : "") + stringify(texts[i]);
    return `${json}]`;
  };
  const hidden = (object, key, value) =>
    defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
  // The methods and getters of one object on another, as a class would have them.
  const members = (object, from) => {
    const keys = ownKeys(from);
    for (let i = 0; i < keys.length; i++) {
      const property = getOwnPropertyDescriptor(from, keys[i]);
      defineProperty(object, keys[i], { __proto__: null, ...property, enumerable: false });
    }
  };

  // The languages asked for.
  const TAGS = 1000;
  const tagsOf = (locales) => {
    if (locales === undefined) return [];
    if (typeof locales === "string") return [locales];
    if (locales === null) throw new TypeErrorOf("Incorrect locale information provided");
    const list = asObject(locales);
    const tags = [];
    const length = min(+list.length || 0, TAGS);
    for (let i = 0; i < length; i++) {
      if (!(i in list)) continue;
      const tag = list[i];
      if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) {
        throw new TypeErrorOf("Incorrect locale information provided");
      }
      append(tags, `${tag}`);
    }
    return tags;
  };

  // Options by name, and how each is read.
  const text = (value) => `${value}`;
  const flag = (value) => !!value;
  const number = (value, name) => {
    value = +value;
    if (value - value !== 0) throw new RangeErrorOf(`${name} value is out of range.`);
    return value;
  };
  const grouping = (value) => (value === true ? true : value ? `${value}` : false);
  const DIGITS = {
    __proto__: null, minimumIntegerDigits: number, minimumFractionDigits: number, maximumFractionDigits: number,
    minimumSignificantDigits: number, maximumSignificantDigits: number, roundingIncrement: number, roundingMode: text,
    roundingPriority: text, trailingZeroDisplay: text,
  };
  const NUMBER = {
    __proto__: null, localeMatcher: text, numberingSystem: text, style: text, currency: text, currencyDisplay: text,
    currencySign: text, unit: text, unitDisplay: text, notation: text, ...DIGITS, compactDisplay: text,
    useGrouping: grouping, signDisplay: text,
  };
  const DATE = {
    __proto__: null, localeMatcher: text, calendar: text, numberingSystem: text, hour12: flag, hourCycle: text,
    timeZone: text, weekday: text, era: text, year: text, month: text, day: text, dayPeriod: text, hour: text,
    minute: text, second: text, fractionalSecondDigits: number, timeZoneName: text, formatMatcher: text,
    dateStyle: text, timeStyle: text,
  };
  const PLURAL = { __proto__: null, localeMatcher: text, type: text, ...DIGITS };
  const COLLATOR = {
    __proto__: null, usage: text, localeMatcher: text, collation: text, numeric: flag, caseFirst: text,
    sensitivity: text, ignorePunctuation: flag,
  };
  const MATCHER = { __proto__: null, localeMatcher: text };
  const read = (options, table) => {
    const found = create(null);
    if (options === undefined) return found;
    if (options === null) throw new TypeErrorOf("the options must be an object");
    options = asObject(options);
    for (const name in table) {
      const value = options[name];
      if (value !== undefined) put(found, name, table[name](value, name));
    }
    return found;
  };
  // As JSON, without giving the object to a function that goes by way of the prototype of arrays.
  const optionsJson = (found) => {
    let json = "";
    for (const name in found) {
      const value = found[name];
      json += `${json === "" ? "" : ","}"${name}":${typeof value === "string" ? stringify(value) : value}`;
    }
    return `{${json}}`;
  };

  const make = (kind, locales, options, table) => {
    const tags = tagsOf(locales);
    const made = ask("internal.makeFormat", `["${kind}",${jsonOf(tags)},${optionsJson(read(options, table))}]`);
    return { __proto__: null, kind, format: stringify(made[0]), resolved: made[1], bound: undefined, keys: undefined };
  };
  // What scripts ask for most needs to be made once: no options, and no language or one text.
  const KEPT = 50;
  const kept = new MapOf();
  const plain = (kind, locales, options, table) => {
    if (options !== undefined || (locales !== undefined && typeof locales !== "string")) return make(kind, locales, options, table);
    const key = `${kind} ${locales ?? ""}`;
    let slot = mapGet(kept, key);
    if (slot === undefined) {
      slot = make(kind, locales, undefined, table);
      if (mapSize(kept) < KEPT) mapSet(kept, key, slot);
    }
    return slot;
  };

  // A number as the host reads it.
  const numberText = (value) => {
    if (typeof value === "object" && value !== null) value = classOf(value) === "BigInt" ? bigIntOf(value) : asNumber(value);
    else if (typeof value === "function") value = asNumber(value);
    switch (typeof value) {
      case "bigint":
        return `${value}`;
      case "string": {
        const digits = textTrim(value);
        // 0x1f and its like; the host knows decimals.
        return digits[0] === "0" && textIncludes("xXoObB", digits[1] ?? "-") ? `${+digits}` : digits;
      }
      default:
        value = +value;
        return value === 0 && 1 / value < 0 ? "-0" : `${value}`;
    }
  };
  const millisText = (date) => {
    const millis = date === undefined ? hostNow() : +date;
    if (!(millis >= -864e13 && millis <= 864e13)) throw new RangeErrorOf("Invalid time value");
    return `${millis}`;
  };
  const write = (call, slot, value) => ask(call, `[${slot.format},${stringify(value)}]`);
  const parts = (call, slot, value) => {
    const flat = write(call, slot, value);
    const list = [];
    for (let i = 0; i < flat.length; i += 2) append(list, { type: flat[i], value: flat[i + 1] });
    return list;
  };

  // Texts have keys that compare as they do. They are kept, so that a sort asks the host once for each;
  // long texts and too many of them are not.
  const LONG = 1000;
  // Of longer texts the host takes the beginning only; where that is equal, code units decide.
  const LONGEST = 40000;
  const KEYS = 50000;
  const keyOf = (slot, value) => {
    if (value.length > LONG) {
      return write("internal.sortKey", slot, textToWellFormed(textSlice(value, 0, LONGEST)));
    }
    if (slot.keys === undefined || mapSize(slot.keys) >= KEYS) slot.keys = new MapOf();
    let key = mapGet(slot.keys, value);
    if (key === undefined) {
      key = write("internal.sortKey", slot, textToWellFormed(value));
      mapSet(slot.keys, value, key);
    }
    return key;
  };
  const compare = (slot, a, b) => {
    if (a === b) return 0;
    const keyA = keyOf(slot, a);
    const keyB = keyOf(slot, b);
    if (keyA !== keyB) return keyA < keyB ? -1 : 1;
    return a.length <= LONGEST && b.length <= LONGEST ? 0 : a < b ? -1 : 1;
  };

  const Intl = {};
  defineProperty(Intl, Symbol.toStringTag, { __proto__: null, value: "Intl", configurable: true });
  const isOf = (value, kind) => typeof value === "object" && value !== null && slotOf(slots, value)?.kind === kind;
  const slotFor = (value, kind, name) => {
    if (!isOf(value, kind)) throw new TypeErrorOf(`this is no Intl.${name}`);
    return slotOf(slots, value);
  };
  // A constructor; some of them may be called without `new`.
  const service = (name, kind, table, callable, methods) => {
    const Service = function (locales, options) {
      if (new.target === undefined && !callable) throw new TypeErrorOf(`Intl.${name} is made with new`);
      const self = new.target === undefined ? create(Service.prototype) : this;
      setSlot(slots, self, make(kind, locales, options, table));
      return self;
    };
    defineProperty(Service, "name", { __proto__: null, value: name, configurable: true });
    defineProperty(Service, "length", { __proto__: null, value: 0, configurable: true });
    defineProperty(Service, "prototype", { __proto__: null, writable: false });
    members(Service, {
      supportedLocalesOf(locales, options) {
        const tags = tagsOf(locales);
        const { localeMatcher } = read(options, MATCHER);
        if (localeMatcher !== undefined && localeMatcher !== "lookup" && localeMatcher !== "best fit") {
          throw new RangeErrorOf("localeMatcher must be lookup or best fit");
        }
        return ask("internal.supportedLocales", `[${jsonOf(tags)}]`);
      },
    });
    members(Service.prototype, methods((self) => slotFor(self, kind, name)));
    members(Service.prototype, {
      resolvedOptions() {
        return parse(slotFor(this, kind, name).resolved);
      },
    });
    defineProperty(Service.prototype, Symbol.toStringTag, { __proto__: null, value: `Intl.${name}`, configurable: true });
    append(brands, { __proto__: null, name, is: (value) => isOf(value, kind), text: (value) => `{ ${parse(slotOf(slots, value).resolved).locale} }` });
    hidden(Intl, name, Service);
  };
  // The function that a getter gives, always the same of one object.
  const bound = (slot, call) => {
    defineProperty(call, "name", { __proto__: null, value: "", configurable: true });
    return (slot.bound = call);
  };

  service("NumberFormat", "number", NUMBER, true, (slotFor) => ({
    get format() {
      const slot = slotFor(this);
      return slot.bound ?? bound(slot, (value) => write("internal.writeNumber", slot, numberText(value)));
    },
    formatToParts(value) {
      return parts("internal.writeNumberParts", slotFor(this), numberText(value));
    },
  }));
  service("DateTimeFormat", "format", DATE, true, (slotFor) => ({
    get format() {
      const slot = slotFor(this);
      return slot.bound ?? bound(slot, (date) => write("internal.writeDate", slot, millisText(date)));
    },
    formatToParts(date) {
      return parts("internal.writeDateParts", slotFor(this), millisText(date));
    },
  }));
  service("PluralRules", "plural", PLURAL, false, (slotFor) => ({
    select(value) {
      return write("internal.pluralForm", slotFor(this), numberText(+value));
    },
  }));
  service("Collator", "collator", COLLATOR, true, (slotFor) => ({
    get compare() {
      const slot = slotFor(this);
      return slot.bound ?? bound(slot, (a, b) => compare(slot, `${a}`, `${b}`));
    },
  }));
  members(Intl, {
    getCanonicalLocales(locales) {
      return ask("internal.canonicalLocales", `[${jsonOf(tagsOf(locales))}]`);
    },
  });
  language("Intl", Intl);

  const dateText = (date, kind, locales, options) => {
    const millis = dateToMillis(date);
    if (millis !== millis) return "Invalid Date";
    return write("internal.writeDate", plain(kind, locales, options, DATE), `${millis}`);
  };
  members(Number.prototype, {
    toLocaleString(locales, options) {
      const value = numberOf(this);
      return write("internal.writeNumber", plain("number", locales, options, NUMBER), numberText(value));
    },
  });
  members(BigInt.prototype, {
    toLocaleString(locales, options) {
      const value = bigIntOf(this);
      return write("internal.writeNumber", plain("number", locales, options, NUMBER), numberText(value));
    },
  });
  members(Date.prototype, {
    toLocaleString(locales, options) {
      return dateText(this, "both", locales, options);
    },
    toLocaleDateString(locales, options) {
      return dateText(this, "date", locales, options);
    },
    toLocaleTimeString(locales, options) {
      return dateText(this, "time", locales, options);
    },
  });
  // A sort calls it with the same language again and again.
  let lastLocale;
  let lastCollator;
  const collatorFor = (locales, options) => {
    if (options !== undefined || lastCollator === undefined || locales !== lastLocale) {
      const collator = plain("collator", locales, options, COLLATOR);
      if (options !== undefined || (locales !== undefined && typeof locales !== "string")) return collator;
      lastLocale = locales;
      lastCollator = collator;
    }
    return lastCollator;
  };
  members(String.prototype, {
    localeCompare(that, locales, options) {
      if (this === undefined || this === null) throw new TypeErrorOf("localeCompare needs a text");
      const a = `${this}`;
      const b = `${that}`;
      return compare(collatorFor(locales, options), a, b);
    },
  });
  // An array that holds itself is empty there, as elsewhere.
  const open = new SetOf();
  const setAdd = uncurry(Set.prototype.add);
  const setHas = uncurry(Set.prototype.has);
  const setDelete = uncurry(Set.prototype.delete);
  const joinedLocally = (list, length, locales, options) => {
    if (setHas(open, list)) return "";
    setAdd(open, list);
    try {
      let joined = "";
      for (let i = 0; i < length; i++) {
        const item = list[i];
        if (i > 0) joined += ",";
        if (item !== undefined && item !== null) joined += `${item.toLocaleString(locales, options)}`;
      }
      return joined;
    } finally {
      setDelete(open, list);
    }
  };
  members(Array.prototype, {
    toLocaleString(locales, options) {
      if (this === undefined || this === null) throw new TypeErrorOf("toLocaleString needs an array");
      const list = asObject(this);
      return joinedLocally(list, +list.length || 0, locales, options);
    },
  });
  const lengthOf = uncurry(getOwnPropertyDescriptor(TypedArrays, "length").get);
  members(TypedArrays, {
    toLocaleString(locales, options) {
      if (!isView(this) || classOf(this) === "DataView") throw new TypeErrorOf("this is no typed array");
      return joinedLocally(this, lengthOf(this), locales, options);
    },
  });
}
