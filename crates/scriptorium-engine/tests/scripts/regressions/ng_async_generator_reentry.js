// expect: ok true
let it, hits = 0, inside = false;
export default async () => {
  Object.defineProperty(Object.prototype, 'then', { configurable: true, get() {
    if (inside || !it || hits > 2) return undefined;
    inside = true;
    try { if (hits === 0) it.return(0); else { it.next(1); it.return(1) } hits++ } catch {}
    inside = false;
    return undefined;
  } });
  it = (async function* () { const x = await 1; yield x; yield 2 })();
  await it.next(); await it.next();
  delete Object.prototype.then;
  return true;
}
