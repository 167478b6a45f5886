// returns: [{"valid":true,"errors":[]},[false,["/total"]],"VALIDATION_ERROR schema","VALIDATION_ERROR schema"]
async function main() {
  const schema = { type: "object", properties: { total: { type: "number", minimum: 1 } }, required: ["total"] };
  const bad = await utils.schema.validate({ total: 0 }, schema);
  const refused = (schema) => utils.schema.validate(1, schema).catch((error) => `${error.code} ${error.field}`);
  return [
    await utils.schema.validate({ total: 1 }, schema),
    [bad.valid, bad.errors.map((error) => error.path.replaceAll(".", "/"))],
    await refused({ $ref: "http://127.0.0.1/schema" }),
    await refused({ type: "nothing" }),
  ];
}
