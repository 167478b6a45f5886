// returns: {"before":[false,"undefined"],"seen":["handler abort true","listener","object"],"after":[true,"AbortError",20],"own":"mine","throws":"mine","again":"mine","same":true,"static":["AbortError","r"]}
function main() {
  const controller = new AbortController();
  const { signal } = controller;
  const before = [signal.aborted, typeof signal.reason];
  const seen = [];
  signal.onabort = (event) => seen.push(`handler ${event.type} ${event.target === signal}`);
  signal.addEventListener("abort", () => seen.push("listener"), { once: true });
  const removed = () => seen.push("removed");
  signal.addEventListener("abort", removed);
  signal.removeEventListener("abort", removed);
  signal.addEventListener("abort", { handleEvent() { seen.push("object"); } });
  controller.abort();
  controller.abort("again");
  const own = new AbortController();
  own.abort("mine");
  let thrown;
  try {
    own.signal.throwIfAborted();
  } catch (reason) {
    thrown = reason;
  }
  own.abort("other");
  return {
    before,
    seen,
    after: [signal.aborted, signal.reason.name, signal.reason.code],
    own: own.signal.reason,
    throws: thrown,
    again: own.signal.reason,
    same: controller.signal === signal,
    static: [AbortSignal.abort().reason.name, AbortSignal.abort("r").reason],
  };
}
