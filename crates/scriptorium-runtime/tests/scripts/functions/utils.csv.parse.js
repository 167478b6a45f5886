// success: [{"a":"1","b":"x"}]
// arguments: ["VALIDATION_ERROR text","VALIDATION_ERROR options.delimiter","VALIDATION_ERROR options","VALIDATION_ERROR options.header"]
const call = () => utils.csv.parse("a,b\n1,x");
const wrong = [
  () => utils.csv.parse(7),
  () => utils.csv.parse("a\n1", { delimiter: "::" }),
  () => utils.csv.parse("a\n1", 7),
  () => utils.csv.parse("a\n1", { header: "no" }),
];
