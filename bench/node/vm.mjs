// Node's `vm`: a new context for each run, compiled code from cached data. A context is no boundary
// against hostile code.
import { createContext, Script } from "node:vm";

function cached(code) {
  return { code, cachedData: new Script(code).createCachedData() };
}

function load({ code, cachedData }, context) {
  const script = new Script(code, { cachedData });
  if (script.cachedDataRejected) throw new Error("the cached data was rejected");
  return script.runInContext(context);
}

export function compile(script, prelude) {
  const parts = [cached(`(function (host) {${prelude}})`), cached(`${script}\nmain`)];
  return (answer) => {
    const context = createContext({});
    const [world, entry] = parts.map((part) => load(part, context));
    const { enter } = world({ call: async (_name, args) => JSON.parse(await answer(args)) });
    return {
      run: async (input) => JSON.stringify(await enter(entry, JSON.parse(input))),
      drop() {},
    };
  };
}
