// kind: http
// replies: 200 null
function handleRequest() {}
