// returns: {"lines":1200}
function main() {
  for (let i = 0; i < 1200; i++) console.log(i);
  return { lines: 1200 };
}
