// returns: [400,400,400]
// limit: wall_ms=1000
async function main() {
  return Promise.all([services.demo.wait(400), services.demo.wait(400), services.demo.wait(400)]);
}
