// id: A01b
// kind: http
// header: content-type=application/json
// header: x-a=1
// query: a=1&a=2
// body: {"a":{"b":[]}}
// replies: 200 [true,0]
const name = ["con", "structor"].join("");
function handleRequest(req, ctx) {
  let compiled = 0, tried = 0;
  const values = [req, req.headers, req.query, req.query.a, req.params, req.body, req.body.a.b, req.rawBody, context.request, ctx.request, req.url,
    Object.getOwnPropertyDescriptor(req, "rawBody").get];
  for (const value of values) {
    try { tried++; value[name][name]("return this")(); compiled++; } catch {}
  }
  return [tried === 12, compiled];
}
