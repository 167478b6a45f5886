async function handleRequest(req: HttpRequest): Promise<HttpReply> {
  const name = req.params.name ?? "stranger";
  console.log(`${req.method} ${req.path}`);
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: { hello: name },
  };
}
