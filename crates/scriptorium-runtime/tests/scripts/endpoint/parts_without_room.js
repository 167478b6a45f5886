// kind: http
// fails: script.bad_result
// message: 204
export default () => ({ status: 204, body: [1].values() });
