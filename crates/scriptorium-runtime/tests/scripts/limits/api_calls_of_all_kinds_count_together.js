// limit: api_calls=10
// fails: limit.api_calls
// message: the io calls limit of 10 calls was exceeded
// log: warn 8 of 10 API calls are used up
// log: info {"apiCalls":9,"serviceCalls":1}
async function main() {
  for (let i = 0; i < 3; i++) {
    await storage.set("key", i);
    await events.publish("order.created", i);
    await http.get("http://127.0.0.1:1/").catch(() => {});
  }
  await services.demo.echo();
  const { apiCalls, serviceCalls } = context.budget();
  console.log(JSON.stringify({ apiCalls: apiCalls.used, serviceCalls: serviceCalls.used }));
  await storage.get("key");
  await events.publish("order.created");
}
