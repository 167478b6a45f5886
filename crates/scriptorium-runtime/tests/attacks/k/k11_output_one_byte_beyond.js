// id: K11
// fails: limit.output
// limit: output_bytes=10
// each: "x".repeat(9)
// each: [1, 2, 3, 4, 5, 6]
// each: "ыыыыы"
// each: ({ toJSON: () => "x".repeat(9) })
// each: "\u2028\u2028\u2028"
export default () => $EACH;
