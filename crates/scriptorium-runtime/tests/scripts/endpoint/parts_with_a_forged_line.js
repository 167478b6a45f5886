// kind: http
// fails: script.threw
// message: one line
export default function* handleRequest() {
  yield { event: "a\ndata: forged", data: 1 };
}
