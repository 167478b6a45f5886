// id: G05
// fails: script.too_deep
// repeat: 20000
// each: «a=>»1
// each: «`${»1«}`»
// each: ([«[»a«]»]) => 1
// each: («{a:»a«}») => 1
// each: a«?.[a]»
// each: «new »a
// each: «/* */(»1«)»
// each: «a[»1«]»
const a = 1;
export default () => $EACH;
