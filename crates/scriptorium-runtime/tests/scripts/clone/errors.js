// returns: {"type":[true,"RangeError","too far",true],"cause":["inner",true],"own":["Error","mine",false,true],"exception":[true,"AbortError","gone"],"aggregate":["Error","many"],"getter":"Error"}
function main() {
  const error = new RangeError("too far", { cause: new Error("inner") });
  const copy = structuredClone(error);
  class Mine extends Error {
    name = "Mine";
    extra = 1;
  }
  const mine = structuredClone(new Mine("mine"));
  const exception = structuredClone(new DOMException("gone", "AbortError"));
  const odd = new Error("odd");
  Object.defineProperty(odd, "message", { get: () => { throw new Error("called"); } });
  return {
    type: [copy instanceof RangeError, copy.name, copy.message, copy.stack === error.stack && copy.stack.length > 0],
    cause: [copy.cause.message, copy.cause !== error.cause],
    own: [mine.name, mine.message, "extra" in mine, !Object.keys(mine).includes("stack")],
    exception: [exception instanceof DOMException, exception.name, exception.message],
    aggregate: [structuredClone(new AggregateError([1], "many")).name, structuredClone(new AggregateError([1], "many")).message],
    getter: structuredClone(odd).name,
  };
}
