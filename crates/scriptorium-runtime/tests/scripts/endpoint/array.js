// kind: http
// replies: 200 [1,2]
function handleRequest() {
  return [1, 2];
}
