// returns: [true,"Error","OUT_OF_STOCK","there is none left","quantity",{"available":0}]
async function main() {
  try {
    await services.demo.refuse();
  } catch (error) {
    return [error instanceof Error, error.name, error.code, error.message, error.field, error.details];
  }
}
