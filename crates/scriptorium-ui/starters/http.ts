async function handleRequest(req: any, ctx: any) {
  const name: string = req.params?.name ?? "stranger";
  console.log(`${req.method} ${req.path}`);
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: { hello: name },
  };
}
