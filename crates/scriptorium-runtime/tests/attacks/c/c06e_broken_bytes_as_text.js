// id: C06e
// returns: ["\ufffd\ufffd","TypeError"]
function main() {
  const bytes = new Uint8Array([0xff, 0xc0]);
  let strict;
  try { strict = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch (error) { strict = error.name; }
  return [new TextDecoder().decode(bytes), strict];
}
