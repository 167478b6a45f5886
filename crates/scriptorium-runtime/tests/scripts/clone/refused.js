// returns: ["a function cannot be cloned","a function cannot be cloned","a symbol cannot be cloned","WeakMap cannot be cloned","Promise cannot be cloned","Proxy cannot be cloned","Generator cannot be cloned","Symbol cannot be cloned","SharedArrayBuffer cannot be cloned","an ArrayBuffer is detached","an ArrayBuffer is detached","URL cannot be cloned","AbortSignal cannot be cloned","WeakRef cannot be cloned","TypeError structuredClone needs a value","Error from a getter"]
function main() {
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  detached.transfer();
  const attempts = [
    () => structuredClone(() => 1),
    () => structuredClone({ deep: [{ f() {} }] }),
    () => structuredClone(Symbol("s")),
    () => structuredClone(new WeakMap()),
    () => structuredClone(Promise.resolve()),
    () => structuredClone(new Proxy({}, {})),
    () => structuredClone((function* () {})()),
    () => structuredClone(Object(Symbol())),
    () => structuredClone(new SharedArrayBuffer(1)),
    () => structuredClone(detached),
    () => structuredClone(view),
    () => structuredClone(new URL("http://a")),
    () => structuredClone({ signal: AbortSignal.abort() }),
    () => structuredClone(new WeakRef({})),
    () => structuredClone(),
    () => structuredClone({ get bad() { throw new Error("from a getter"); } }),
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      const isClone = error instanceof DOMException && error.name === "DataCloneError" && error.code === 25;
      return isClone ? error.message : `${error.name} ${error.message}`;
    }
  });
}
