// kind: http
// returns: {"status":200,"headers":{"content-type":"text/event-stream"},"body":{"beginning":"data: 1\n\nevent: a\nid: 7\ndata: x\n\ndata: {\"n\":1}\n\n","bytes":48,"parts":3}}
export default async function* handleRequest() {
  yield 1;
  await null;
  yield { event: "a", id: 7, data: "x" };
  yield { n: 1 };
}
