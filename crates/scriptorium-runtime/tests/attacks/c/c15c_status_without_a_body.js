// id: C15c
// kind: http
// returns: {"status":204,"headers":{"content-type":"text/plain; charset=utf-8"},"body":""}
export default () => ({ status: 204, body: "x" });
