// returns: ["demo","hidden","notifications"]
function main() {
  return Object.keys(services);
}
