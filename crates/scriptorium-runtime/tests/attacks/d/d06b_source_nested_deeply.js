// id: D06b
// fails: script.too_deep
// repeat: 20000
// each: «(»1«)»
// each: «[»1«]»
// each: «`${»1«}`»
// each: «a?»1«:2»
// each: «!»1
// each: «()=>»1
// each: «{a:»1«}»
// each: «f(»1«)»
// each: «typeof »1
// each: «async()=>(»1«)»
// each: «a=»1
// each: «-~»1
// each: «a**»1
// each: «a??(»1«)»
const a = 1, f = a;
export default () => $EACH;
