// id: D09
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
// The engine hands the end of the run to the script as a rejection; the host must not let it be caught.
export default async () => {
  const log = () => console.log("still here");
  await new Promise((resolve) => resolve({ get then() { for (;;); } })).catch(log).finally(log).then(log, log);
  log();
};
