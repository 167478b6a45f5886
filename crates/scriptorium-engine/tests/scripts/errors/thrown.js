// expect: script.threw TypeError: cannot read property 'name' of undefined
// at: 9:10
// frame: inner 9:10
// frame: outer 6:32
// frame: main 12:47
const outer = (x) => 1 + inner(x);

function inner(customer) {
  return customer.name;
}

export default function main() { return outer(undefined) }
