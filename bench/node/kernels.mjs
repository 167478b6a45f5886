// The kernels of the CPU suite in Node; V8's flags decide whether it compiles them.
// node kernels.mjs RUNS FILE... prints each one's checksum and durations as JSON.
import { readFileSync } from "node:fs";

const [runs, ...files] = process.argv.slice(2);
const measured = [];
for (const file of files) {
  // As text: to Node a file of this name would be no module.
  const code = encodeURIComponent(readFileSync(file, "utf8"));
  const { default: kernel } = await import(`data:text/javascript,${code}`);
  let checksum;
  const times = Array.from({ length: Number(runs) }, () => {
    const began = performance.now();
    checksum = kernel();
    return performance.now() - began;
  });
  measured.push({ checksum, times });
}
console.log(JSON.stringify(measured));
