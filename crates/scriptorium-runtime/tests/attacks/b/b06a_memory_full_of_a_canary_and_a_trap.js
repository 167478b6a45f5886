// id: B06a
// fails: limit.memory
// limit: memory_bytes=16777216
// leaves: 0
function main(input) {
  if (input === "look") {
    let found = 0;
    for (let i = 0; i < 200; i++) {
      const bytes = new Uint8Array(1 << 16);
      for (let at = 0; at < bytes.length; at += 16) if (bytes[at] !== 0) found++;
    }
    return found;
  }
  const kept = [];
  for (;;) kept.push(new Uint8Array(1 << 16).fill(0xc7), "C7".repeat(1 << 10) + kept.length);
}
