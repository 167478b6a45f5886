// id: B05
// returns: 0
// leaves: 0
function main() {
  let found = 0;
  for (let round = 0; round < 40; round++) {
    const views = [new Uint8Array(1 << 16), new Uint8Array(new ArrayBuffer(1 << 16)), new Uint8Array(new SharedArrayBuffer(1 << 12)),
      new Uint8Array(new Float64Array(1 << 10).buffer), new Uint8Array(new ArrayBuffer(8, { maxByteLength: 1 << 14 }).slice(0))];
    const growing = new ArrayBuffer(8, { maxByteLength: 1 << 14 });
    growing.resize(1 << 14);
    views.push(new Uint8Array(growing), new Uint8Array(new ArrayBuffer(8).transfer(1 << 14)));
    for (const view of views) for (let i = 0; i < view.length; i += 7) if (view[i] !== 0) found++;
    for (const value of new Array(1000)) if (value !== undefined) found++;
  }
  return found;
}
