// expect: ok "RangeError"
// limits: cpu=150ms memory=64MiB
const deep = () => 1 + deep();
export default () => { try { return deep() } catch (e) { return e.name } }
