// id: A03b
// returns: []
function main() {
  const names = ["process", "require", "module", "exports", "Deno", "Bun", "std", "os", "bjson", "scriptArgs", "print", "loadFile", "gc", "Worker",
    "SharedWorker", "WebAssembly", "navigator", "fetch", "XMLHttpRequest", "WebSocket", "importScripts", "postMessage", "host", "BINDINGS", "SERVICES",
    "hostCall", "hostCallSync", "uncurry", "readContext", "made", "Buffer", "global", "window", "self", "__dirname", "Atomics"];
  return names.filter((name) => name in globalThis);
}
