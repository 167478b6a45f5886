// returns: ["VALIDATION_ERROR data","VALIDATION_ERROR data","VALIDATION_ERROR algorithm","VALIDATION_ERROR encoding","VALIDATION_ERROR length","VALIDATION_ERROR length","VALIDATION_ERROR key"]
function main() {
  const { hash, hmac, randomBytes } = utils.crypto;
  const attempts = [
    () => hash(),
    () => hash({ a: 1 }),
    () => hash("a", "md5"),
    () => hash("a", "sha256", "binary"),
    () => randomBytes(0),
    () => randomBytes(1_000_000),
    () => hmac("a"),
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return `${error.code} ${error.field}`;
    }
  });
}
