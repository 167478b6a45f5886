// id: H11
// returns: [101,"removed"]
export default () => {
  const target = new EventTarget();
  let called = 0;
  const again = () => { called++; for (let i = 0; i < 10; i++) target.addEventListener("x", () => called++, { once: true }); };
  target.addEventListener("x", again);
  for (let i = 0; i < 10; i++) target.dispatchEvent(new Event("x"));
  const before = called;
  const remove = () => { target.removeEventListener("x", remove); target.removeEventListener("x", again); };
  target.addEventListener("y", remove);
  target.dispatchEvent(new Event("y"));
  return [before + 1, "removed"];
};
