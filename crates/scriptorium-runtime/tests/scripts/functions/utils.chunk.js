// success: [[1,2],[3]]
// arguments: ["VALIDATION_ERROR list","VALIDATION_ERROR size","VALIDATION_ERROR size","VALIDATION_ERROR size"]
const call = () => utils.chunk([1, 2, 3], 2);
const wrong = [() => utils.chunk("abc", 1), () => utils.chunk([1], 0), () => utils.chunk([1], 1.5), () => utils.chunk([1])];
