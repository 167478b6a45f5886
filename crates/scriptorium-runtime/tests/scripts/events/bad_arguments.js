// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","UNAUTHORIZED_OPERATION","UNAUTHORIZED_OPERATION","VALIDATION_ERROR"]
async function main() {
  const attempts = [["order"], ["Order.Created"], [7], ["jsruntime.execution"], ["scriptorium.login"], ["a.b", "x".repeat(300_000)]];
  return Promise.all(attempts.map(([type, data]) => events.publish(type, data).then(() => "allowed", (error) => error.code)));
}
