// services: -
// returns: []
function main() {
  return Object.keys(services);
}
