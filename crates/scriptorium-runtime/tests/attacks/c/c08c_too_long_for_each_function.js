// id: C08c
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  const long = "x".repeat(3 << 20), codes = [];
  const calls = [() => storage.set("k", long), () => storage.get(long), () => services.demo.echo(long), () => events.publish("a.b", long), () => utils.template.render(long), () => http.get(long)];
  for (const call of calls) { try { await call(); codes.push("allowed"); } catch (error) { codes.push(error.code); } }
  return codes;
}
