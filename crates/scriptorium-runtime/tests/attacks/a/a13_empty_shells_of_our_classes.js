// id: A13
// returns: ["URLSearchParams.entries","URLSearchParams.keys","URLSearchParams.values","URLSearchParams.Symbol(Symbol.iterator)","TextDecoder.encoding","TextEncoder.encoding","TextEncoder.encode"]
// These use nothing of an object, or give an iterator that fails when it is asked.
function main() {
  const classes = [URL, URLSearchParams, AbortController, AbortSignal, CryptoKey, TextDecoder, TextEncoder];
  const worked = [];
  for (const of of classes) {
    const shells = [Object.create(of.prototype), new Proxy(of.prototype, {}), of.prototype];
    for (const shell of shells) {
      for (const key of Reflect.ownKeys(of.prototype)) {
        const property = Object.getOwnPropertyDescriptor(of.prototype, key);
        const method = property.get ?? property.value;
        if (key === "constructor" || typeof method !== "function") continue;
        try {
          const made = method.call(shell, "a", "b");
          if (typeof made?.next === "function") { try { made.next(); worked.push("iterated"); } catch {} }
          worked.push(`${of.name}.${String(key)}`);
        } catch (error) {
          if (!(error instanceof TypeError)) worked.push(`${of.name}.${String(key)}: ${error}`);
        }
      }
    }
  }
  return [...new Set(worked)];
}
