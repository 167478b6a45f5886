// kind: http
// header: content-type=application/octet-stream
// body: hello
// replies: 200 hello!
// reply-header: content-type=application/octet-stream
// reply-header: x-length=5
function handleRequest(req) {
  const body = new Uint8Array(req.body.length + 1);
  body.set(req.body);
  body[body.length - 1] = 33;
  return { headers: { "X-Length": req.body.length }, body };
}
