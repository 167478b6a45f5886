// kind: http
// fails: script.threw
// message: headers must be an object
function handleRequest() {
  return { headers: "X-A: 1", body: "x" };
}
