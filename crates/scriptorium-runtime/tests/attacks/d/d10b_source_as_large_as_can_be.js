// id: D10b
// returns: 1
// repeat: 30000
// each: /* «12345678» */
// each: «⏎⏎⏎⏎⏎⏎⏎⏎»
// each: // «12345678»
// each: const «abcdefg» = 1;
// each: const «ыыы» = 1;
// each: const text = "«\u0041»";
$EACH
export default () => 1;
