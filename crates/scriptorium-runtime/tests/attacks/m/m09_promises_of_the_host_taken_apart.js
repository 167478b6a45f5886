// id: M09
// returns: [1,"object",true]
// The host settles them itself; what hangs on the prototype is not asked.
export default async () => {
  const promise = services.demo.echo(1);
  const { then } = Promise.prototype;
  Promise.prototype.then = function () { throw new Error("stolen"); };
  Object.defineProperty(Object.prototype, "then", { get() { throw new Error("stolen"); }, configurable: true });
  const got = await promise;
  delete Object.prototype.then;
  Promise.prototype.then = then;
  return [got.args[0], typeof promise, promise instanceof Promise];
};
