// id: C15f
// kind: http
// replies: 200 x
// reply-header: x-a=отчёт
// UTF-8 goes out as it is; nothing in it ends a line.
export default () => ({ status: 200, headers: { "x-a": "отчёт" }, body: "x" });
