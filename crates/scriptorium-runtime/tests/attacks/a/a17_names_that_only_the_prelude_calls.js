// id: A17
// returns: ["UNKNOWN_CALL","UNKNOWN_CALL"]
// The host's dispatch is reached by the prelude's functions only; a tampered method's name does not lead elsewhere.
async function main() {
  const codes = [];
  for (const name of ["internal.context", "services.hidden.peek"]) {
    try { await services.demo[name](); } catch (error) { codes.push(error instanceof TypeError ? "UNKNOWN_CALL" : error.code); }
  }
  return codes;
}
