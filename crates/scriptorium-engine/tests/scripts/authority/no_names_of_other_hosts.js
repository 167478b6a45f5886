// expect: ok true
export default () => ['process', 'require', 'Deno', 'Bun', 'std', 'os', 'bjson', 'scriptArgs', 'print', 'loadFile', 'gc', 'Worker',
  'WebAssembly', 'module', 'exports', '__filename', 'host', 'navigator', 'fetch', 'XMLHttpRequest', 'setTimeout'].filter((name) => name in globalThis).length === 0
