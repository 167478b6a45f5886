// id: I04
// fails: script.threw
// message: SyntaxError
// each: new RegExp("(a)".repeat(300))
// each: new RegExp("(".repeat(100000) + ")".repeat(100000))
// each: new RegExp("[".repeat(100000))
// each: new RegExp("(?:".repeat(100000))
// each: new RegExp("(?=".repeat(50000) + ")".repeat(50000))
// each: new RegExp("(?<a>a)(?<a>b)")
// each: new RegExp("\\u{110000}", "u")
// each: new RegExp("a", "gg")
// each: new RegExp("[b-a]")
// each: new RegExp("a{2,1}")
export default () => $EACH;
