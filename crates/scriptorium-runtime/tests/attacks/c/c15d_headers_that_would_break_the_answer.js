// id: C15d
// kind: http
// fails: script.bad_result
// each: { "x-a": "a\r\nset-cookie: b=c" }
// each: { "x-a": "a\nb" }
// each: { "x-a": "a\0b" }
// each: { "x-a\r\nx-b": "a" }
// each: { "x a": "a" }
// each: { "": "a" }
// each: { "x:a": "b" }
// each: { "x-a": "a".repeat(1 << 14) }
// each: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x-${i}`, "a"]))
// each: { "x-a": Array(1000).fill("a") }
// each: { "x-\u0130": "a" }
export default () => ({ status: 200, headers: $EACH, body: "x" });
