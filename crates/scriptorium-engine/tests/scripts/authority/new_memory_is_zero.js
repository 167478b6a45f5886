// expect: ok true
export default () => {
  for (let i = 0; i < 50; i++) { const b = new Uint8Array(20_000); for (let j = 0; j < b.length; j++) if (b[j]) return [i, j]; b.fill(7); }
  return true;
}
