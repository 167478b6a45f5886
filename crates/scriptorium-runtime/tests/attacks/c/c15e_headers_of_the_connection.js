// id: C15e
// kind: http
// replies: 200 x
// reply-header: x-own=1
// reply-header: content-length=
// reply-header: transfer-encoding=
// reply-header: connection=
// reply-header: upgrade=
// reply-header: keep-alive=
// reply-header: te=
// reply-header: trailer=
export default () => ({
  status: 200,
  headers: { "Content-Length": ["0", "5"], "Transfer-Encoding": "chunked", connection: "x-own", Upgrade: "h2c", "keep-alive": "1", TE: "trailers", trailer: "x", "x-own": "1" },
  body: "x",
});
