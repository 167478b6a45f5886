// id: A04c
// fails: script.forbidden
// each: import("os")
// each: import("lib/vault")
// each: import(["o", "s"].join(""))
// each: import("os", { with: { type: "json" } })
// each: import.source("os")
// each: ({ ...import("x") })
// each: ((a = import("x")) => a)()
// each: ({ [import("x")]: 1 })
// each: class extends import("x") {}
// each: (() => { switch (1) { case import("x"): } })()
// each: String.raw`${import("x")}`
// each: [...[import("x")]]
// each: (async () => { for await (const x of import("x")); })()
// each: class { static { import("x"); } }
// each: class { [import("x")] = 1 }
// each: import("x")?.y
// each: new (import("x").y)()
// each: eval("import('x')")
// each: new Function("return import('x')")
// each: globalThis["ev" + "al"]("1")
export default () => $EACH;
