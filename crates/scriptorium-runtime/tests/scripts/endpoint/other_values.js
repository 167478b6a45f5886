// kind: http
// replies: 200 {"status":"active","n":1}
function handleRequest() {
  return { status: "active", n: 1 };
}
