// id: G03b
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  let deep = 1;
  for (let i = 0; i < 1000; i++) deep = [deep];
  const codes = [];
  for (const call of [() => storage.set("k", deep), () => services.demo.echo(deep), () => events.publish("a.b", deep), () => utils.template.render("x", { deep })]) {
    try { await call(); codes.push("allowed"); } catch (error) { codes.push(error.code); }
  }
  return codes;
}
