// id: A16
// returns: [7,0]
async function main() {
  // The head of the engine's own bytecode, as `JS_WriteObject` begins it.
  const bytes = new Uint8Array([0x19, 0, 0, 0, 0, 0x0d, 0x0c, 0x00, 0x01, 0xa0, 0x01]);
  await storage.set("a16", [...bytes]);
  const made = [
    structuredClone(bytes), new TextDecoder().decode(bytes), await storage.get("a16"),
    (await services.demo.echo(bytes)).args[0], utils.crypto.hash(bytes), JSON.parse(JSON.stringify([...bytes])), atob(btoa("\x19\0")),
  ];
  return [made.length, made.filter((value) => typeof value === "function").length];
}
