// kind: http
// fails: script.bad_result
// message: x-a
function handleRequest() {
  return { headers: { "X-A": "a\r\nSet-Cookie: b=c" }, body: "x" };
}
