// log: info 3 items in 'cart' at 50%
// log: info n=42 f=1.5 j={"a":1} o={ a: 1 }
// log: info %s left 100%
// log: info a { b: 1 }
function main() {
  console.log("%d items in %o at 50%%", 3, "cart");
  console.log("n=%i f=%f j=%j o=%O", 42.9, "1.5", { a: 1 }, { a: 1 });
  console.log("%s left", "%s", "100%");
  console.log("a", { b: 1 });
}
