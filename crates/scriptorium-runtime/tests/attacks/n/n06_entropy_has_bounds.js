// id: N06
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","QuotaExceededError","TypeMismatchError",65536]
export default () => {
  const name = (f) => { try { return f().length ?? "given"; } catch (error) { return error.code && typeof error.code === "string" ? error.code : error.name; } };
  return [name(() => utils.crypto.randomBytes(0)), name(() => utils.crypto.randomBytes(65537)), name(() => utils.crypto.randomBytes("1")),
    name(() => crypto.getRandomValues(new Uint8Array(65537))), name(() => crypto.getRandomValues(new Float32Array(4))), name(() => crypto.getRandomValues(new Uint8Array(65536)))];
};
