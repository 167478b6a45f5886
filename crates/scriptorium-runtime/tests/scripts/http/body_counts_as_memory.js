// limit: memory_bytes=1048576
// fails: limit.memory
// never-logs: still here
async function main() {
  try {
    await http.get("http://$ADDRESS/large");
  } catch {
    console.log("still here");
  }
}
