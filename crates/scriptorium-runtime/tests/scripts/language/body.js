// input: {"n":20}
// returns: 21
const n = input.n + 1;
return n;
