// id: C07c
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  const codes = [];
  for (const call of [() => storage.set("k", 1n), () => services.demo.echo(1n), () => events.publish("a.b", { n: 1n })]) {
    try { await call(); codes.push("allowed"); } catch (error) { codes.push(error.code); }
  }
  return codes;
}
