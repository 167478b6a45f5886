// returns: "done"
// drops: 4
function main() {
  // 256 KiB have room for sixteen of these.
  for (let i = 0; i < 20; i++) console.log("x".repeat(16384));
  return "done";
}
