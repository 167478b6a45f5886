// id: C15b
// kind: http
// replies: 200 {"status":"200 OK","body":"x"}
// What is not the shape of a response is the body of one.
export default () => ({ status: "200 OK", body: "x" });
