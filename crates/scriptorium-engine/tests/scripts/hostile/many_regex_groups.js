// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { for (;;) new RegExp('(a)'.repeat(200)).exec('a'.repeat(200)) }
