// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => new Promise(() => { const again = () => Promise.resolve().then(again); again(); })
