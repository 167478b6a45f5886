// returns: {"same":[true,true,true,true,true],"apart":true,"primitives":[1,"a",true,null,"undefined","10"],"nested":{"a":[1,{"b":2}],"c":null},"date":"2026-03-01T00:00:00.000Z","regexp":["/a.b/dgimsy",0],"wrapped":["object","object","object","object",7,"s",false,"9"],"map":[[1,{"x":1}],["k",[2]]],"set":[1,"a"],"sparse":[3,false,true],"buffer":[[1,2,3],3],"views":["Int16Array",1,"Float16Array",1.5,"DataView",2],"shared":true,"resizable":[true,16,4]}
function main() {
  const cyclic = { name: "loop", list: [] };
  cyclic.self = cyclic;
  cyclic.list.push(cyclic, cyclic.list);
  const copy = structuredClone(cyclic);
  const shared = { n: 1 };
  const both = structuredClone([shared, shared]);
  const regexp = /a.b/dgimsy;
  regexp.lastIndex = 2;
  const cloned = structuredClone(regexp);
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const views = structuredClone({ a: new Int16Array([1]), b: new Float16Array([1.5]), c: new DataView(buffer, 1) });
  const [one, two] = structuredClone([new Uint8Array(buffer), new Uint8Array(buffer)]);
  const growing = new ArrayBuffer(4, { maxByteLength: 16 });
  const grown = structuredClone(growing);
  const sparse = structuredClone([0, , 2]);
  const wrapped = structuredClone([Object(7), Object("s"), Object(false), Object(9n)]);
  return {
    same: [copy.self === copy, copy.list[0] === copy, copy.list[1] === copy.list, copy !== cyclic, copy.list !== cyclic.list],
    apart: both[0] === both[1] && both[0] !== shared,
    primitives: [...structuredClone([1, "a", true, null]), typeof structuredClone(undefined), String(structuredClone(10n))],
    nested: structuredClone({ a: [1, { b: 2 }], c: null }),
    date: structuredClone(new Date("2026-03-01")).toISOString(),
    regexp: [String(cloned), cloned.lastIndex],
    wrapped: [...wrapped.map((w) => typeof w), +wrapped[0], `${wrapped[1]}`, wrapped[2].valueOf(), String(wrapped[3])],
    map: [...structuredClone(new Map([[1, { x: 1 }], ["k", [2]]]))],
    set: [...structuredClone(new Set([1, "a"]))],
    sparse: [sparse.length, 1 in sparse, 2 in sparse],
    buffer: [[...new Uint8Array(structuredClone(buffer))], structuredClone(buffer).byteLength],
    views: [views.a.constructor.name, views.a[0], views.b.constructor.name, views.b[0], views.c.constructor.name, views.c.byteLength],
    shared: one.buffer === two.buffer && one.buffer !== buffer,
    resizable: [grown.resizable, grown.maxByteLength, grown.byteLength],
  };
}
