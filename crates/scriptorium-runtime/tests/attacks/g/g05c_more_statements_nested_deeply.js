// id: G05c
// fails: script.too_deep
// repeat: 10000
// each: «try{»«}finally{}»
// each: «switch(1){case 1:»«}»
// each: «(()=>{»«})();»
// each: «class A{static{»«}}»
export default () => { $EACH };
