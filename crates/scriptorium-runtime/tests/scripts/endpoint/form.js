// kind: http
// header: content-type=application/x-www-form-urlencoded
// body: name=Ada+L&tag=a&tag=b
// replies: 200 Ada L: a,b
// reply-header: content-type=text/plain; charset=utf-8
function handleRequest(req) {
  return { body: `${req.body.name}: ${req.body.tag}` };
}
