// kind: http
// fails: script.threw
// message: halfway
export default function* handleRequest() {
  yield 1;
  throw new Error("halfway");
}
