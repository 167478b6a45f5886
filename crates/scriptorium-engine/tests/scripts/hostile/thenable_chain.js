// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { const t = { then(ok) { ok({ then: t.then }) } }; return t; }
