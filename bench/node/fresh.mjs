// Fresh executions of the reference script in Node's `vm`: a new context for each, compiled code
// from cached data, the same host functions. A context is no boundary against hostile code.
// node fresh.mjs SCRIPT PRELUDE INPUT THREADS EXECUTIONS prints durations and an output as JSON.
import { readFileSync } from "node:fs";
import { createContext, Script } from "node:vm";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

function read([script, prelude, input]) {
  const text = (path) => readFileSync(path, "utf8");
  return {
    // The scripts of `vm` are no modules: the last expression takes the place of the export.
    script: compile(`${text(script).replace("export default async function main", "async function main")}\nmain`),
    prelude: compile(`(function (host) {${text(prelude)}})`),
    input: text(input),
  };
}

function compile(code) {
  const cachedData = new Script(code).createCachedData();
  return { code, cachedData };
}

function load({ code, cachedData }, context) {
  const script = new Script(code, { cachedData });
  if (script.cachedDataRejected) throw new Error("the cached data was rejected");
  return script.runInContext(context);
}

const host = { call: async (_name, args) => JSON.parse(args) };

async function run({ script, prelude, input }) {
  const context = createContext({});
  const { enter } = load(prelude, context)(host);
  return JSON.stringify(await enter(load(script, context), JSON.parse(input)));
}

async function measure(work, executions) {
  for (let i = 0; i < executions / 10; i++) await run(work);
  const times = new Float64Array(executions);
  const began = performance.now();
  for (let i = 0; i < executions; i++) {
    const one = performance.now();
    await run(work);
    times[i] = performance.now() - one;
  }
  return { times: Array.from(times), elapsed: performance.now() - began };
}

if (isMainThread) {
  const paths = process.argv.slice(2, 5);
  const [threads, executions] = process.argv.slice(5).map(Number);
  const workers = Array.from({ length: threads }, () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { paths, executions } });
      worker.once("message", resolve).once("error", reject);
    }));
  const measured = await Promise.all(workers);
  console.log(JSON.stringify({
    version: process.version,
    output: await run(read(paths)),
    elapsed: Math.max(...measured.map((one) => one.elapsed)),
    times: measured.flatMap((one) => one.times),
  }));
} else {
  parentPort.postMessage(await measure(read(workerData.paths), workerData.executions));
}
