// success: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
// arguments: ["VALIDATION_ERROR payload","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR options.algorithm","VALIDATION_ERROR options"]
const call = () => utils.jwt.sign({ a: 1 }, "key", { expiresIn: 60 }).split(".")[0];
const wrong = [
  () => utils.jwt.sign("x", "key"),
  () => utils.jwt.sign({}, 7),
  () => utils.jwt.sign({}, ""),
  () => utils.jwt.sign({}, "key", { algorithm: "none" }),
  () => utils.jwt.sign({}, "key", 7),
];
