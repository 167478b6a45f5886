// limit: api_calls=10
// fails: limit.api_calls
// message: the io calls limit of 10 calls was exceeded
// warns: 8 of 10 API calls are used up
// never-logs: still here
async function main() {
  try {
    for (;;) await storage.get("key");
  } catch {
    console.log("still here");
  }
}
