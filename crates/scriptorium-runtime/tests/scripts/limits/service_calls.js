// limit: service_calls=10
// fails: limit.api_calls
// message: the service calls limit of 10 calls was exceeded
// warns: 8 of 10 service calls are used up
// never-logs: still here
async function main() {
  try {
    for (;;) await services.demo.echo();
  } catch {
    console.log("still here");
  }
}
