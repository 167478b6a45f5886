// returns: ["SERVICE_ERROR","services.demo.explode failed",false]
async function main() {
  try {
    await services.demo.explode();
  } catch (error) {
    return [error.code, error.message, JSON.stringify(error).includes("secret")];
  }
}
