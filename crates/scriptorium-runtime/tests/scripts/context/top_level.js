// returns: ["Default","Default",5]
const { name } = context.tenant;
const { echo } = services.demo;
const before = ctx.tenant.name;
async function main() {
  return [name, before, (await echo(5)).args[0]];
}
export default main;
