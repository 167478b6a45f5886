// isolated-vm: a new isolate of V8 for each run, compiled code from cached data, 64 MiB at most.
import ivm from "isolated-vm";

const MEMORY_MIB = 64;

export function compile(script, prelude) {
  const code = `(function (call) {
    const host = {
      call: (name, args) => call.apply(undefined, [name, args], { result: { promise: true } }).then(JSON.parse),
    };
    const { enter } = (function (host) {${prelude}})(host);
    const main = (function () {${script}\nreturn main; })();
    return (input) => enter(main, JSON.parse(input)).then(JSON.stringify);
  })`;
  const compiler = new ivm.Isolate();
  const { cachedData } = compiler.compileScriptSync(code, { produceCachedData: true });
  compiler.dispose();
  return (answer) => {
    const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MIB });
    const context = isolate.createContextSync();
    const script = isolate.compileScriptSync(code, { cachedData });
    if (script.cachedDataRejected) throw new Error("the cached data was rejected");
    const call = new ivm.Reference((_name, args) => answer(args));
    const world = script.runSync(context, { reference: true });
    const main = world.applySync(undefined, [call], { result: { reference: true } });
    return {
      run: (input) => main.apply(undefined, [input], { result: { promise: true } }),
      drop: () => isolate.dispose(),
    };
  };
}
