// permissions: scripts.read
// returns: ["PERMISSION_DENIED",{"permission":"demo.secret"},true]
async function main() {
  try {
    await services.demo.secret();
  } catch (error) {
    return [error.code, error.details, error.message.includes("demo.secret")];
  }
}
