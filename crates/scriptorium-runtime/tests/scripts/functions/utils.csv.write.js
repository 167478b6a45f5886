// success: "a,b\n1,x\n"
// arguments: ["VALIDATION_ERROR rows","VALIDATION_ERROR rows","VALIDATION_ERROR options.columns","VALIDATION_ERROR options"]
const call = () => utils.csv.write([{ a: 1, b: "x" }]);
const wrong = [
  () => utils.csv.write("x"),
  () => utils.csv.write([1]),
  () => utils.csv.write([], { columns: "a" }),
  () => utils.csv.write([], 7),
];
