// URL and URLSearchParams. Reading and writing them is the host's, by a parser of the URL Standard;
// here is the shape.
{
  const OURS = {};
  const iteratorKey = Symbol.iterator;
  const arraySort = uncurry(Array.prototype.sort);
  const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
  const usual = (value) => textToWellFormed(`${value}`);
  // Texts as a JSON array, whatever hangs on prototypes.
  const jsonOf = (texts) => {
    let json = "[";
    for (let i = 0; i < texts.length; i++) json += (i > 0 ? "," : "") + stringify(texts[i]);
    return `${json}]`;
  };
  const ask = (call, ...texts) => hostCallSync(call, jsonOf(texts));

  let bind;
  let listOf;
  class URLSearchParams {
    // Name, value, name, value, …
    #list = [];
    // Tells the URL that these belong to.
    #changed = null;
    constructor(init = "") {
      if (init === OURS) return;
      if ((typeof init !== "object" || init === null) && typeof init !== "function") {
        const text = usual(init);
        this.#list = ask("internal.readQuery", text[0] === "?" ? textSlice(text, 1) : text);
        return;
      }
      const iterate = init[iteratorKey];
      if (iterate !== undefined && iterate !== null) {
        for (const pair of init) {
          const list = [];
          if (typeof pair !== "object" || pair === null) throw new TypeErrorOf("each pair must be a name and a value");
          for (const item of pair) append(list, usual(item));
          if (list.length !== 2) throw new TypeErrorOf("each pair must be a name and a value");
          this.#add(list[0], list[1]);
        }
        return;
      }
      const names = ownKeys(init);
      for (let i = 0; i < names.length; i++) {
        if (isEnumerable(init, names[i])) this.#add(usual(names[i]), usual(init[names[i]]));
      }
    }
    static {
      bind = (list, changed) => {
        const params = new URLSearchParams(OURS);
        params.#list = list;
        params.#changed = changed;
        return params;
      };
      listOf = (params, list) => (params.#list = list);
      append(brands, {
        __proto__: null,
        name: "URLSearchParams",
        is: (value) => #list in value,
        text: (params) => {
          const list = params.#list;
          let text = "";
          for (let i = 0; i < list.length; i += 2) text += `${i > 0 ? ", " : ""}${stringify(list[i])} => ${stringify(list[i + 1])}`;
          return text === "" ? "{}" : `{ ${text} }`;
        },
      });
    }
    #add(name, value) {
      append(this.#list, name);
      append(this.#list, value);
    }
    // Keeps the pairs that a test lets through.
    #keep(test) {
      const kept = [];
      for (let i = 0; i < this.#list.length; i += 2) {
        if (!test(this.#list[i], this.#list[i + 1])) continue;
        append(kept, this.#list[i]);
        append(kept, this.#list[i + 1]);
      }
      this.#list = kept;
    }
    #text() {
      return hostCallSync("internal.writeQuery", `[${jsonOf(this.#list)}]`);
    }
    #tell() {
      if (this.#changed !== null) this.#changed(this.#text());
    }
    get size() {
      return this.#list.length / 2;
    }
    append(name, value) {
      this.#add(usual(name), usual(value));
      this.#tell();
    }
    delete(name, value = undefined) {
      name = usual(name);
      value = value === undefined ? undefined : usual(value);
      this.#keep((key, item) => key !== name || (value !== undefined && item !== value));
      this.#tell();
    }
    get(name) {
      name = usual(name);
      for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name) return this.#list[i + 1];
      return null;
    }
    getAll(name) {
      name = usual(name);
      const values = [];
      for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name) append(values, this.#list[i + 1]);
      return values;
    }
    has(name, value = undefined) {
      name = usual(name);
      value = value === undefined ? undefined : usual(value);
      for (let i = 0; i < this.#list.length; i += 2) {
        if (this.#list[i] === name && (value === undefined || this.#list[i + 1] === value)) return true;
      }
      return false;
    }
    set(name, value) {
      name = usual(name);
      value = usual(value);
      let there = false;
      // The first of that name stays where it is, the others go.
      this.#keep((key) => key !== name || (!there && (there = true)));
      for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name) put(this.#list, i + 1, value);
      if (!there) this.#add(name, value);
      this.#tell();
    }
    sort() {
      const pairs = [];
      for (let i = 0; i < this.#list.length; i += 2) append(pairs, { __proto__: null, name: this.#list[i], value: this.#list[i + 1] });
      arraySort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      const list = [];
      for (let i = 0; i < pairs.length; i++) {
        append(list, pairs[i].name);
        append(list, pairs[i].value);
      }
      this.#list = list;
      this.#tell();
    }
    forEach(callback, self = undefined) {
      if (typeof callback !== "function") throw new TypeErrorOf("forEach needs a function");
      for (let i = 0; i < this.#list.length; i += 2) apply(callback, self, [this.#list[i + 1], this.#list[i], this]);
    }
    *entries() {
      for (let i = 0; i < this.#list.length; i += 2) yield [this.#list[i], this.#list[i + 1]];
    }
    *keys() {
      for (let i = 0; i < this.#list.length; i += 2) yield this.#list[i];
    }
    *values() {
      for (let i = 0; i < this.#list.length; i += 2) yield this.#list[i + 1];
    }
    toString() {
      return this.#text();
    }
  }
  const { entries } = URLSearchParams.prototype;
  defineProperty(URLSearchParams.prototype, iteratorKey, { __proto__: null, value: entries, writable: true, enumerable: false, configurable: true });

  const HREF = 0;
  const SEARCH = 9;
  const invalid = (text) => new TypeErrorOf(`Invalid URL: ${text.length > 200 ? `${textSlice(text, 0, 200)}…` : text}`);
  const read = (url, base) => (base === undefined ? ask("internal.readUrl", usual(url)) : ask("internal.readUrl", usual(url), usual(base)));

  class URL {
    // In the order of the host's answer: href, origin, protocol, username, password, host,
    // hostname, port, pathname, search, hash.
    #parts;
    #params = null;
    constructor(url, base = undefined) {
      if (arguments.length === 0) throw new TypeErrorOf("URL needs a text");
      this.#parts = url === OURS ? base : read(url, base);
      if (this.#parts === null) throw invalid(usual(url));
    }
    static {
      append(brands, { __proto__: null, name: "URL", is: (value) => #parts in value, text: (url) => `{ ${url.#parts[HREF]} }` });
    }
    static parse(url, base = undefined) {
      const parts = read(url, base);
      return parts === null ? null : new URL(OURS, parts);
    }
    static canParse(url, base = undefined) {
      return read(url, base) !== null;
    }
    // The parts are the new ones; the pairs follow, unless the change came from them.
    #become(parts) {
      const search = this.#parts[SEARCH];
      this.#parts = parts;
      if (this.#params !== null && parts[SEARCH] !== search) listOf(this.#params, ask("internal.readQuery", textSlice(parts[SEARCH], 1)));
    }
    #set(part, value) {
      this.#become(ask("internal.changeUrl", this.#parts[HREF], part, usual(value)));
    }
    get href() {
      return this.#parts[HREF];
    }
    set href(value) {
      const parts = read(value, undefined);
      if (parts === null) throw invalid(usual(value));
      this.#become(parts);
    }
    get origin() {
      return this.#parts[1];
    }
    get protocol() {
      return this.#parts[2];
    }
    set protocol(value) {
      this.#set("protocol", value);
    }
    get username() {
      return this.#parts[3];
    }
    set username(value) {
      this.#set("username", value);
    }
    get password() {
      return this.#parts[4];
    }
    set password(value) {
      this.#set("password", value);
    }
    get host() {
      return this.#parts[5];
    }
    set host(value) {
      this.#set("host", value);
    }
    get hostname() {
      return this.#parts[6];
    }
    set hostname(value) {
      this.#set("hostname", value);
    }
    get port() {
      return this.#parts[7];
    }
    set port(value) {
      this.#set("port", value);
    }
    get pathname() {
      return this.#parts[8];
    }
    set pathname(value) {
      this.#set("pathname", value);
    }
    get search() {
      return this.#parts[SEARCH];
    }
    set search(value) {
      this.#set("search", value);
    }
    get hash() {
      return this.#parts[10];
    }
    set hash(value) {
      this.#set("hash", value);
    }
    get searchParams() {
      return (this.#params ??= bind(ask("internal.readQuery", textSlice(this.#parts[SEARCH], 1)), (query) => {
        this.#parts = ask("internal.changeUrl", this.#parts[HREF], "search", query);
      }));
    }
    toString() {
      return this.#parts[HREF];
    }
    toJSON() {
      return this.#parts[HREF];
    }
  }

  language("URL", URL);
  language("URLSearchParams", URLSearchParams);
}
