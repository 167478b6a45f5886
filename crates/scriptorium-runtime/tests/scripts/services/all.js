// returns: ["demo","hidden"]
function main() {
  return Object.keys(services);
}
