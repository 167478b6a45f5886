// id: C15f
// kind: http
// fails: script.bad_result
// Beyond ASCII clients read a header each in their own way: it is refused, and told how to write it.
export default () => ({ status: 200, headers: { "x-a": "отчёт" }, body: "x" });
