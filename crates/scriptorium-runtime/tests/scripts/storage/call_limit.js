// limit: api_calls=3
// fails: limit.api_calls
async function main() {
  for (let i = 0; i < 10; i++) {
    try {
      await storage.get("key");
    } catch {
      return "caught";
    }
  }
}
