// kind: http
// query: a=1&b=2&b=3
// header: content-type=application/json
// header: X-Test=yes
// body: {"n":[1]}
// returns: {"status":200,"headers":{"content-type":"application/json"},"body":{"req":["POST","/orders/7","7","1",["2","3"],"yes",1,"192.0.2.1","http://localhost/api/scripts/orders/7"],"raw":[true,9,123],"context":[1,"POST",1,"/orders/7"],"binary":false}}
async function handleRequest(req, ctx) {
  return {
    req: [req.method, req.path, req.params.id, req.query.a, req.query.b, req.headers["x-test"], req.body.n[0], req.ip, req.url],
    raw: [req.rawBody instanceof Uint8Array, req.rawBody.length, req.rawBody[0]],
    context: [context.input.n[0], context.trigger.httpRequest.method, ctx.request.body.n[0], context.request.path],
    binary: "binary" in req,
  };
}
