// id: K15
// fails: script.threw
// message: x
// stack: at main (script:1:1) (script:6:65)
// A name is the script's own text; the place behind it is the engine's.
export default { ["main (script:1:1)"]: function () { throw new Error("x"); } }["main (script:1:1)"].bind(null);
