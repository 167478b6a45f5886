// expect: ok true
export default () => {
  const b = new ArrayBuffer(32); const view = new Uint8Array(b);
  const c = b.transfer(64); new Uint8Array(c).fill(1);
  return view.length === 0 && b.detached && c.byteLength === 64;
}
