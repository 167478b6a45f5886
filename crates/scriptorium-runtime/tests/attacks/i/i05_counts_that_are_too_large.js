// id: I05
// returns: "ended"
// each: new RegExp("a{2147483647}").test("a")
// each: new RegExp("(?:a{65535}){65535}").test("a")
// each: new RegExp("a{99999999999999999999}").test("a")
// each: new RegExp("\\1".repeat(10000) + "(a)").test("a")
// each: new RegExp("[" + "a-z".repeat(20000) + "]").test("a")
// each: new RegExp("|".repeat(50000)).test("a")
// each: new RegExp("(?<" + "a".repeat(50000) + ">a)").test("a")
// each: new RegExp("\\p{L}\\p{Script=Greek}".repeat(1000), "u").test("a")
// each: new RegExp("[\\p{L}--[a-z]]".repeat(500), "v").test("a")
// each: new RegExp("\u{1f600}".repeat(20000), "iu").test("a")
export default () => { try { $EACH; } catch (error) { if (!(error instanceof SyntaxError)) throw error; } return "ended"; };
