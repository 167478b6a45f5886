// limit: api_calls=3
// fails: limit.api_calls
async function main() {
  for (;;) await db.count("orders");
}
