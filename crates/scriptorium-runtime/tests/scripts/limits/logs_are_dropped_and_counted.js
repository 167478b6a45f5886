// returns: "done"
// drops: 201
function main() {
  for (let i = 0; i < 1200; i++) console.log(i);
  // Beyond the bound on bytes as well; each alone is within the bound on a line.
  console.log("x".repeat(16000));
  return "done";
}
