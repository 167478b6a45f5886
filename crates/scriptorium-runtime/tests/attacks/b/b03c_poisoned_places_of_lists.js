// id: B03c
// fails: script.threw
// message: stolen
// The engine keeps what `JSON.stringify` is inside of in a list that setters on `Array.prototype` see. They see values of
// the script, and it harms itself only.
// each: JSON.stringify([1, 2])
// each: JSON.stringify((await services.demo.echo(1, 2)).args)
// each: JSON.stringify((await storage.set("b03", [1, 2]), await storage.get("b03")))
export default async () => {
  for (const key of ["0", "1", "2"]) Object.defineProperty(Array.prototype, key, { set() { throw new Error("stolen"); }, configurable: true });
  return $EACH;
};
