// returns: {"given":[1,"b",[3]],"self":"undefined","number":[true,true],"length":1}
async function main() {
  let self;
  const given = await new Promise((done) => setTimeout(function (...values) { self = typeof this; done(values); }, 1, 1, "b", [3]));
  const first = setTimeout(() => {}, 1);
  const second = setTimeout(() => {}, 1);
  return { given, self, number: [Number.isInteger(first) && first > 0, second > first], length: setTimeout.length };
}
