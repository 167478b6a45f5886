// expect: ok true
export default () => {
  let stack;
  try { [1].forEach(() => { callSync('fail') }) } catch (e) { stack = e.stack }
  return !/\.rs|\/root|\/tmp|0x|wasm/.test(stack);
}
