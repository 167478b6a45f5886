// returns: "r handled listened any"
function main() {
  let seen = "";
  const push = (what) => (seen += ` ${what}`);
  const controller = new AbortController();
  const any = AbortSignal.any([controller.signal]);
  Array.prototype.push = Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  EventTarget.prototype.addEventListener = EventTarget.prototype.dispatchEvent = () => { throw new Error("stolen"); };
  Object.defineProperty(Object.prototype, "once", { get() { throw new Error("stolen"); } });
  globalThis.Event = globalThis.DOMException = class { constructor() { throw new Error("stolen"); } };
  Object.defineProperty(Array.prototype, "0", { set() { throw new Error("stolen"); }, configurable: true });
  controller.signal.onabort = () => push("handled");
  const handler = controller.signal.onabort;
  controller.signal.onabort = () => { handler(); push("listened"); };
  any.onabort = () => push("any");
  controller.abort("r");
  // The setter would get what JSON is made of, too.
  delete Array.prototype[0];
  return controller.signal.reason + seen;
}
