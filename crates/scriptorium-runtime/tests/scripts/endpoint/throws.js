// kind: http
// fails: script.threw
// message: Error: no
// at: 6:13
async function handleRequest() {
  throw new Error("no");
}
