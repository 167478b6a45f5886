// id: I08
// fails: script.syntax
// repeat: 20000
// each: /«(»a«)»/
// each: /«(?:»a«)»/
// each: /«[»a«]»/v
// each: /«(?=»a«)»/
// each: /«(?<!»a«)»/
export default () => $EACH.test("a");
