// id: I07
// returns: "ended"
// each: const r = /(a)/g; "aaa".replace(r, () => { r.compile?.("(b)(c)", "g"); r.lastIndex = 1e9; return ""; });
// each: const r = /a/g; r.lastIndex = { valueOf() { r.compile?.("b"); return 0; } }; r.exec("aaa");
// each: const r = /(?<a>a)/dg; const m = r.exec("a"); m.indices.groups = m; m.groups.a = m; JSON.stringify(m.index);
// each: class Own extends RegExp { get flags() { return "gy"; } static get [Symbol.species]() { return class { exec() { return null; } }; } } "aaa".split(new Own("a"));
// each: const r = /a/g; r.exec = (text) => { r.exec = undefined; return { index: 2 ** 53, 0: "aaaa", length: 2 ** 20 }; }; "aaa".replace(r, "$1$2");
// each: const r = /a/; r[Symbol.replace] = undefined; "a".replace(r, "b"); Object.defineProperty(r, "lastIndex", { value: -1, writable: false }); r.test("a");
// each: const r = /a/gu; r.lastIndex = 2 ** 53 - 1; r.exec("\ud83d\ude00"); r.lastIndex = 1; r.exec("\ud83d\ude00");
export default () => { let n = 0; try { $EACH } catch (error) { if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error; } return "ended"; };
