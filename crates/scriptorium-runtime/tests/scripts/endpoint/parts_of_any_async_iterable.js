// kind: http
// returns: {"status":200,"headers":{"content-type":"text/event-stream"},"body":{"beginning":"data: 1\n\ndata: 2\n\n","bytes":18,"parts":2}}
// What a script does to the language's own objects does not get in between.
export default function handleRequest() {
  delete Array.prototype[Symbol.iterator];
  Promise.prototype.then = undefined;
  Object.prototype.done = true;
  let n = 0;
  return { [Symbol.asyncIterator]: () => ({ next: () => (++n < 3 ? { done: false, value: n } : { done: true, value: undefined }) }) };
}
