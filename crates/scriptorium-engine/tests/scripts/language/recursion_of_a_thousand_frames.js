// expect: ok 1000
const depth = (n) => n === 0 ? 0 : 1 + depth(n - 1);
export default () => depth(1000)
