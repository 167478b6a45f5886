// returns: [[1,"a",{"b":[null]}],true,[]]
async function main() {
  const echo = await services.demo.echo(1, "a", { b: [null] });
  const empty = await sdk.services.demo.echo();
  return [echo.args, echo.tenant === context.tenant.id, empty.args];
}
