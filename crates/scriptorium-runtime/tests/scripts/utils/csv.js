// returns: [[{"a":"1","b":"x, \"y\""},{"a":"2","b":"line\nbreak"}],[["a","b"],["1","2"]],[{"__proto__":"1"}],"a,b\n1,\"x,y\"\n,\"{\"\"c\"\":[1]}\"\n","1;2\r\n","n\n'=1+1\n-5\n"]
function main() {
  const { parse, write } = utils.csv;
  return [
    parse('a,b\n1,"x, ""y"""\r\n2,"line\nbreak"\n'), parse("a;b\n1;2", { header: false, delimiter: ";" }), parse("__proto__\n1"),
    write([{ a: 1, b: "x,y" }, { a: null, b: { c: [1] } }]), write([[1, 2]], { header: false, delimiter: ";", crlf: true }),
    write([{ n: "=1+1" }, { n: -5 }], { escapeFormulas: true }),
  ];
}
