// returns: ["console","context","ctx","events","http","sdk","services","storage","utils"]
function main() {
  const known = new Set(["console", "context", "ctx", "events", "http", "sdk", "services", "storage", "utils"]);
  const ours = Object.getOwnPropertyNames(globalThis).filter((name) => known.has(name) || /host|process|require|bindings|scriptorium/i.test(name));
  return ours.sort();
}
