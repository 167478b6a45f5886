// returns: {"timeout":["TimeoutError",true],"any":["second","second"],"order":["source","any","any of any"],"already":"early","none":false,"of":"TimeoutError"}
async function main() {
  const aborted = (signal) => new Promise((done) => signal.addEventListener("abort", () => done(signal.reason)));
  const timeout = AbortSignal.timeout(2);
  const reason = await aborted(timeout);
  const [first, second] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([first.signal, second.signal]);
  const anyOfAny = AbortSignal.any([any, AbortSignal.timeout(9000)]);
  const order = [];
  any.addEventListener("abort", () => order.push("any"));
  anyOfAny.addEventListener("abort", () => order.push("any of any"));
  second.signal.addEventListener("abort", () => order.push(anyOfAny.aborted ? "source" : "too early"));
  second.abort("second");
  first.abort("first");
  return {
    timeout: [reason.name, timeout.aborted],
    any: [any.reason, anyOfAny.reason],
    order,
    already: AbortSignal.any([new AbortController().signal, AbortSignal.abort("early")]).reason,
    none: AbortSignal.any([]).aborted,
    of: (await aborted(AbortSignal.any([AbortSignal.timeout(1)]))).name,
  };
}
