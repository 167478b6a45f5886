// id: D06e
// fails: script.too_deep
// repeat: 8000
// each: «class{static x=»1«}»
// each: «function(){return »1«}»
// each: (async () => «await »1)()
// each: [«...[»1«]»]
export default () => $EACH;
