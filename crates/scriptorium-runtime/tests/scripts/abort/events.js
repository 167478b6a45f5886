// returns: {"order":["a","b","late stays out"],"prevented":[false,true,true],"stopped":["one"],"own":["ping",42],"signal":["kept"],"twice":1,"busy":"InvalidStateError","refused":["TypeError","TypeError","TypeError"]}
// log: error not caught in a listener: Error: in a listener\n    at <anonymous> (script:10:67)\n    at main (script:11:28)
function main() {
  const order = [];
  const target = new EventTarget();
  target.addEventListener("x", () => {
    order.push("a");
    target.addEventListener("x", () => order.push("late"));
  });
  target.addEventListener("x", () => { order.push("b"); throw new Error("in a listener"); });
  target.dispatchEvent(new Event("x"));
  order.push("late stays out");
  const event = new Event("p", { cancelable: true });
  const other = new EventTarget();
  other.addEventListener("p", (e) => e.preventDefault());
  const plain = new Event("p");
  const prevented = [other.dispatchEvent(event), event.defaultPrevented, other.dispatchEvent(plain)];
  const stopped = [];
  const halt = new EventTarget();
  halt.addEventListener("s", (e) => { stopped.push("one"); e.stopImmediatePropagation(); });
  halt.addEventListener("s", () => stopped.push("two"));
  halt.dispatchEvent(new Event("s"));
  class Own extends EventTarget {
    value = 42;
  }
  const own = new Own();
  let seen;
  own.addEventListener("ping", function (e) { seen = [e.type, this.value]; });
  own.dispatchEvent(new Event("ping"));
  const signalled = [];
  const controller = new AbortController();
  own.addEventListener("q", () => signalled.push("gone"), { signal: controller.signal });
  own.addEventListener("q", () => signalled.push("kept"));
  controller.abort();
  own.dispatchEvent(new Event("q"));
  let twice = 0;
  const count = () => twice++;
  own.addEventListener("t", count);
  own.addEventListener("t", count);
  own.dispatchEvent(new Event("t"));
  let busy;
  own.addEventListener("r", (e) => {
    try {
      own.dispatchEvent(e);
    } catch (error) {
      busy = error.name;
    }
  });
  own.dispatchEvent(new Event("r"));
  const refused = [() => new Event(), () => own.dispatchEvent({ type: "x" }), () => own.addEventListener("x", 1)].map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return error.name;
    }
  });
  return { order, prevented, stopped, own: seen, signal: signalled, twice, busy, refused };
}
