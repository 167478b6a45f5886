// id: B06b
// fails: limit.cpu
// limit: cpu_ms=150
// leaves: 0
function main(input) {
  if (input === "look") {
    let found = 0;
    for (let i = 0; i < 100; i++) {
      const bytes = new Uint8Array(1 << 16);
      for (let at = 0; at < bytes.length; at += 16) if (bytes[at] !== 0) found++;
    }
    return found;
  }
  const kept = [];
  for (let i = 0; i < 100; i++) kept.push(new Uint8Array(1 << 16).fill(0xc7));
  for (;;);
}
