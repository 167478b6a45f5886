// expect: ok 4
// line: warn rejected, and nothing handled it: ReferenceError: could not load module 'x'
export default async () => {
  let refused = 0;
  const count = (p) => Promise.resolve(p).catch(() => refused++);
  await count({ ...import('x') }.then ?? import('x'));
  await count(((a = import('x')) => a)());
  await count({ [await import('x').catch(() => (refused++, 'k'))]: 1 });
  await count((async () => class extends (await import('x')) {})());
  return refused;
}
