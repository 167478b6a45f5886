// ends: limit.wall
// success: null
// arguments: ["VALIDATION_ERROR milliseconds","VALIDATION_ERROR milliseconds","VALIDATION_ERROR milliseconds","VALIDATION_ERROR milliseconds"]
const call = () => utils.sleep(1);
const wrong = [() => utils.sleep(), () => utils.sleep("1"), () => utils.sleep(-1), () => utils.sleep(NaN)];
