// The stand-alone prelude: console, and nothing else of the host.
const { stringify } = JSON;
const show = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return String(value.stack || value);
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") return String(value);
  try {
    return stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};
const line = (level) => (...values) => host.log(level, values.map(show).join(" "), null);
globalThis.console = Object.freeze({
  debug: line("debug"),
  log: line("info"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
});
return { enter: (entry, invocation) => entry(...invocation.args) };
