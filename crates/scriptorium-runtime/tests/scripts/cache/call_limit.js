// limit: api_calls=3
// fails: limit.api_calls
async function main() {
  for (;;) await cache.get("k");
}
