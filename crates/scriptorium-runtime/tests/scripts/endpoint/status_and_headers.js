// kind: http
// replies: 404 {"error":"gone"}
// reply-header: x-cache=MISS
// reply-header: link=a, b
// returns: {"status":404,"headers":{"x-cache":"MISS","link":"a, b","content-type":"application/json"},"body":{"error":"gone"}}
function handleRequest() {
  return { status: 404, headers: { "X-Cache": "MISS", Link: "a, b" }, body: { error: "gone" } };
}
