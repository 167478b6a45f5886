// input: {"n":1}
// returns: [2,1]
function main(input) {
  input.n++;
  return [input.n, context.input.n];
}
