// kind: http
// replies: 204 
function handleRequest() {
  return { status: 204 };
}
