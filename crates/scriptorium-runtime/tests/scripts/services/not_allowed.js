// services: demo
// returns: ["undefined",["demo"],"undefined","function"]
function main() {
  return [typeof services.hidden, Object.keys(services), typeof services.missing, typeof services.demo.echo];
}
