// id: A18
// services: demo
// returns: ["undefined","demo",false]
async function main() {
  const names = Reflect.ownKeys(services).join();
  return [typeof services.hidden, names, Object.getPrototypeOf(services) !== null];
}
