// id: D10a
// fails: script.too_large
// repeat: 1250000
// each: /* «12345678» */
// each: «⏎⏎⏎⏎»
// each: // «12345678»
// each: const text = "«12345678»";
$EACH
export default () => 1;
