// kind: http
// fails: script.bad_result
// message: 200 to 599
function handleRequest() {
  return { status: 99, body: "x" };
}
