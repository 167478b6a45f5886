// id: C13
// returns: [[1,2],{"a":1},"AQI=",true]
// log: info [ 1, 2 ]
async function main() {
  const stolen = () => { throw new Error("stolen"); };
  const list = [1, 2], record = { a: 1 }, bytes = new Uint8Array([1, 2]);
  const values = [list, record, bytes, Array.prototype, Uint8Array.prototype], kinds = [Array, Uint8Array, ArrayBuffer, Promise];
  const keys = ["isConcatSpreadable", "toPrimitive", "iterator", "hasInstance", "toStringTag"];
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < keys.length; j++) Object.defineProperty(values[i], Symbol[keys[j]], { value: stolen, configurable: true });
  }
  for (let i = 0; i < kinds.length; i++) Object.defineProperty(kinds[i], Symbol.species, { get: stolen, configurable: true });
  const { args } = await services.demo.echo(list, record, bytes);
  console.log(args[0]);
  return [args[0], args[1], args[2].$bytes, args[0] !== list];
}
