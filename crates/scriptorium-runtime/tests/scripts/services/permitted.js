// permissions: demo.secret
// returns: "42"
async function main() {
  return services.demo.secret();
}
