// id: D06c
// fails: script.too_deep
// repeat: 20000
// each: a«.a»
// each: a«?.a»
// each: a«()»
// each: a«[0]»
// each: a«``»
const a = 1;
export default () => $EACH;
