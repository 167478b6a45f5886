// id: K09
// returns: ["UNAUTHORIZED_OPERATION","UNAUTHORIZED_OPERATION","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
export default async () => {
  const codes = [];
  for (const kind of ["jsruntime.script.created", "scriptorium.x", "JSRUNTIME.x", "jsruntime\u2024x", "a".repeat(256)]) {
    try { await events.publish(kind, {}); codes.push("published"); } catch (error) { codes.push(error.code); }
  }
  return codes;
};
