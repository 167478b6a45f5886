// returns: ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","RangeError"]
function main() {
  const attempts = [
    () => new AbortSignal(),
    () => AbortSignal.timeout(),
    () => AbortSignal.timeout(-1),
    () => AbortSignal.any([{ aborted: true }]),
    () => AbortSignal.any(5),
    () => Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted").get.call({}),
    () => new (class extends AbortSignal {})(),
    () => new EventTarget().addEventListener("x", () => {}, { signal: {} }),
    () => { for (;;) AbortSignal.timeout(9000); },
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return error.name;
    }
  });
}
