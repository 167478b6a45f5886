// id: M01
// fails: limit.memory
// limit: memory_bytes=1048576
// leaves: 100
// each: const all = []; for (;;) all.push(new Uint8Array(1));
// each: const all = []; for (;;) all.push(new Uint8Array(65536));
// each: const all = []; for (let n = 1; ; n = n * 3 + 1) all.push(new ArrayBuffer(n % 70000));
export default (input) => {
  if (input === "look") return new Array(100).fill(1).length;
  $EACH
};
