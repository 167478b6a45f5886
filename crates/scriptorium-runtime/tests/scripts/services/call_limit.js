// limit: service_calls=2
// fails: limit.api_calls
async function main() {
  await services.demo.echo();
  await services.demo.echo();
  await services.demo.echo().catch(() => {});
  return "after";
}
