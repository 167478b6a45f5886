// id: G05b
// fails: script.too_deep
// repeat: 20000
// each: «{»«}»
// each: «if(1)»;
// each: «for(;;)»;
// each: «a:»1;
// each: «do »1«;while(0)»;
// each: «if(1);else »;
export default () => { $EACH };
