// expect: ok true
export default () => { let o = {}; const w = new WeakRef(o); const r = new FinalizationRegistry(() => {}); r.register(o, 1); return w.deref() === o }
