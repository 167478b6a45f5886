// id: D06d
// fails: script.too_deep
// repeat: 40000
// each: 1«+1»
// each: a«&&a»
const a = 1;
export default () => $EACH;
