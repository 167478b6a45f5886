// limit: service_calls=10
// log: warn 8 of 10 service calls are used up
async function main() {
  for (let i = 0; i < 9; i++) await services.demo.echo();
}
