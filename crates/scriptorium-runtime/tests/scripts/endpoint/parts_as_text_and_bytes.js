// kind: http
// returns: {"status":201,"headers":{"content-type":"text/csv"},"body":{"beginning":"a;b\n1\n","bytes":6,"parts":2}}
function* rows() {
  yield "a;b\n";
  yield new Uint8Array([49, 10]);
}
export default () => ({ status: 201, headers: { "Content-Type": "text/csv" }, body: rows() });
