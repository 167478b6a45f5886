// limit: cpu_ms=500
// returns: 700
async function main() {
  return services.demo.wait(700);
}
