// kind: http
// fails: limit.output
// message: parts
export default function* handleRequest() {
  for (;;) yield "x".repeat(100_000);
}
