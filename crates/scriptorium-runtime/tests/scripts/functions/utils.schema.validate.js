// success: {"errors":[],"valid":true}
// arguments: ["VALIDATION_ERROR value","VALIDATION_ERROR schema","VALIDATION_ERROR schema"]
const call = () => utils.schema.validate({ total: 1 }, { type: "object", required: ["total"] });
const wrong = [
  () => utils.schema.validate("x".repeat(2_000_000), {}),
  () => utils.schema.validate(1, { type: "nothing" }),
  () => utils.schema.validate(1, { $ref: "http://127.0.0.1/schema" }),
];
