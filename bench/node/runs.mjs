// Runs of the reference script in the peers that live in Node.
// node runs.mjs ENGINE MODE THREADS RUNS SCRIPT PRELUDE INPUT prints what was measured as JSON.
//   fresh      a run makes its world, works and drops it
//   warm       worlds are made, with the script loaded, before the clock starts
//   suspended  so many worlds wait in a host call at once, and their memory is told
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const ENGINES = { vm: "./vm.mjs", "isolated-vm": "./isolated-vm.mjs" };

async function open({ engine, files }) {
  const [script, prelude, input] = files.map((path) => readFileSync(path, "utf8"));
  const { compile } = await import(ENGINES[engine]);
  // The peers' scripts are no modules: a function takes the place of the export.
  const code = script.replace("export default async function main", "async function main");
  return { make: compile(code, prelude), input };
}

const echo = async (args) => args;

async function run({ make, input }, isWarm) {
  const before = performance.now();
  const world = make(echo);
  const began = isWarm ? performance.now() : before;
  const output = await world.run(input);
  if (isWarm) {
    const took = performance.now() - began;
    world.drop();
    return { output, took };
  }
  world.drop();
  return { output, took: performance.now() - began };
}

async function measure({ runs, isWarm, ...what }) {
  const peer = await open(what);
  for (let i = 0; i < runs / 10; i++) await run(peer, isWarm);
  const times = new Float64Array(runs);
  const began = performance.now();
  for (let i = 0; i < runs; i++) times[i] = (await run(peer, isWarm)).took;
  return { times: Array.from(times), elapsed: performance.now() - began };
}

async function suspended(what, runs) {
  const { make, input } = await open(what);
  const held = [];
  let waiting = 0;
  const hold = () => {
    waiting++;
    return new Promise(() => {});
  };
  const suspend = async (until) => {
    for (let i = waiting; i < until; i++) {
      const world = make(hold);
      held.push(world, world.run(input));
    }
    while (waiting < until) await setTimeout(1);
  };
  // The first ones pay for what all of them share.
  const first = Math.ceil(runs / 10);
  await suspend(first);
  const before = process.memoryUsage.rss();
  await suspend(first + runs);
  return (process.memoryUsage.rss() - before) / runs;
}

if (isMainThread) {
  const [engine, mode, threads, runs, ...files] = process.argv.slice(2);
  const what = { engine, files };
  if (mode === "suspended") {
    console.log(JSON.stringify({ bytes: await suspended(what, Number(runs)) }));
    // Nobody answers those that wait.
    process.exit();
  }
  const data = { ...what, runs: Number(runs), isWarm: mode === "warm" };
  const workers = Array.from({ length: Number(threads) }, () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: data });
      worker.once("message", resolve).once("error", reject);
    }));
  const measured = await Promise.all(workers);
  const { output } = await run(await open(what), false);
  console.log(JSON.stringify({
    output,
    elapsed: Math.max(...measured.map((one) => one.elapsed)),
    times: measured.flatMap((one) => one.times),
  }));
} else {
  parentPort.postMessage(await measure(workerData));
}
