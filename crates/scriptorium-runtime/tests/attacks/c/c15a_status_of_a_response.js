// id: C15a
// kind: http
// fails: script.bad_result
// message: status
// each: 0
// each: 99
// each: 199
// each: 600
// each: 200.5
// each: -200
// each: 1e300
// each: 101
export default () => ({ status: $EACH, body: "x" });
