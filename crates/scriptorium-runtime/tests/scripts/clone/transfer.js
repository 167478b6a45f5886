// returns: {"moved":[8,0,true],"inside":[[1,2],0],"twice":"an ArrayBuffer is transferred twice","other":"only an ArrayBuffer can be transferred","text":"TypeError","kept":[8,false]}
function main() {
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      return error.name === "DataCloneError" ? error.message : error.name;
    }
  };
  const buffer = new ArrayBuffer(8);
  const moved = structuredClone(buffer, { transfer: [buffer] });
  const view = new Uint8Array([1, 2]);
  const copy = structuredClone({ view }, { transfer: [view.buffer] });
  const kept = new ArrayBuffer(8);
  attempt(() => structuredClone([kept, () => 1], { transfer: [kept] }));
  return {
    moved: [moved.byteLength, buffer.byteLength, buffer.detached],
    inside: [[...copy.view], view.length],
    twice: attempt(() => structuredClone(1, { transfer: [kept, kept] })),
    other: attempt(() => structuredClone(1, { transfer: [{}] })),
    text: attempt(() => structuredClone(1, { transfer: "abc" })),
    kept: [kept.byteLength, kept.detached],
  };
}
