// expect: ok ["Object","Array","Function","Function","Proxy","Proxy","Map","Map","Date","Error","Error","RegExp","Uint8Array","DataView","ArrayBuffer","SharedArrayBuffer","Promise","Number","Symbol","Arguments","Generator","WeakMap","DOMException","Object",null,null,null]
export default function () {
  class Own extends Map {}
  const lying = new Date();
  Object.setPrototypeOf(lying, null);
  const values = [
    {}, [], () => 1, class {}, new Proxy([], {}), new Proxy(() => 1, {}), new Map(), new Own(), lying, new Error(), new RangeError(), /x/,
    new Uint8Array(1), new DataView(new ArrayBuffer(1)), new ArrayBuffer(1), new SharedArrayBuffer(1), Promise.resolve(), Object(1), Object(Symbol()),
    arguments, (function* () {})(), new WeakMap(), new DOMException("x"), Object.create(Map.prototype), 1, null, undefined,
  ];
  return values.map((value) => classOf(value) ?? null);
}
