// returns: [100,100,100]
// limit: wall_ms=1000
async function main() {
  return Promise.all([services.demo.wait(100), services.demo.wait(100), services.demo.wait(100)]);
}
