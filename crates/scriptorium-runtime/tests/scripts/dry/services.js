// What only reads is called; what would panic, refuse or wait is not, and has the host's own answer or none.
// dry: true
// returns: [true,null,null,null,{"instead_of":5,"dry":true}]
// effect: service demo.echo (1,"two")
// effect: service demo.explode ()
// effect: service demo.refuse ()
// effect: service demo.wait (5)
async function main() {
  return [
    await services.hidden.peek(),
    await services.demo.echo(1, "two"),
    await services.demo.explode(),
    await services.demo.refuse(),
    await services.demo.wait(5),
  ];
}
