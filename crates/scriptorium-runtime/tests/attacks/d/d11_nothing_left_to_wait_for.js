// id: D11
// fails: script.never_settled
// within: 3000
// limit: wall_ms=10000
// each: return new Promise(() => {});
// each: await services.demo.echo(); await new Promise(() => {});
// each: await { then() {} };
// each: for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }) ;
// each: setTimeout(() => {}, 1); await new Promise(() => {});
// each: await Promise.race([]);
export default async () => { $EACH };
