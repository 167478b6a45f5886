// success: null
// arguments: ["ASSERTION_FAILED -","ASSERTION_FAILED -","ASSERTION_FAILED -"]
const call = () => utils.assert(1 === 1, "they differ");
const wrong = [() => utils.assert(), () => utils.assert(false, "they differ"), () => utils.assert(0, { toString: null })];
