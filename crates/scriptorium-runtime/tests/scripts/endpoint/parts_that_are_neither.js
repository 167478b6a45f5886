// kind: http
// fails: script.threw
// message: text or a Uint8Array
export default () => ({ headers: { "content-type": "text/csv" }, body: [1].values() });
