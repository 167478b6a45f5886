// returns: {"from":["a=1&b=2","a=1&b=2","a=1&b=2","x=1&x=2","q=a+b%26%3D%2B%E2%82%AC","null=","function=1"],"read":["1",["1","2"],null,true,false,true,false,3],"set":"a=9&b=3","deleted":["b=3","a=2&b=3"],"each":["a=1","b=2"],"pairs":[["a","1"],["b","2"]],"keys":["a","b"],"values":["1","2"],"spread":[["a","1"]],"plus":["a b","c+d","€","\ufffd","%zz"],"sorted":"a=1&a=0&b=1&%F0%9F%98%80=1&%EF%BF%BD=1","live":["a","b"],"empty":["",0]}
// log: info URLSearchParams { "a" => "1" } URL { http://a/ } AbortSignal { aborted: false }
function main() {
  const params = new URLSearchParams("?a=1&a=2&b=3");
  const set = new URLSearchParams(params);
  set.set("a", 9);
  const [gone, one] = [new URLSearchParams(params), new URLSearchParams(params)];
  gone.delete("a");
  one.delete("a", "1");
  const ab = new URLSearchParams({ a: 1, b: 2 });
  const each = [];
  ab.forEach((value, name, all) => each.push(`${name}=${all.get(name)}`));
  const plus = new URLSearchParams("q=a+b&q=c%2Bd&q=%E2%82%AC&q=%FF&q=%zz");
  const sorted = new URLSearchParams([["\ufffd", 1], ["b", 1], ["a", 1], ["😀", 1], ["a", 0]]);
  sorted.sort();
  const live = [];
  const growing = new URLSearchParams("a=1");
  for (const [name] of growing) {
    live.push(name);
    if (name === "a") growing.append("b", 2);
  }
  const named = function () {};
  named.function = 1;
  console.log(new URLSearchParams("a=1"), new URL("http://a"), new AbortController().signal);
  return {
    from: [
      new URLSearchParams("a=1&b=2"),
      ab,
      new URLSearchParams(new Map([["a", "1"], ["b", "2"]])),
      new URLSearchParams([["x", 1], new Set(["x", "2"])]),
      new URLSearchParams({ q: "a b&=+€" }),
      new URLSearchParams(null),
      new URLSearchParams(named),
    ].map(String),
    read: [params.get("a"), params.getAll("a"), params.get("c"), params.has("b"), params.has("c"), params.has("a", "2"), params.has("a", "3"), params.size],
    set: `${set}`,
    deleted: [`${gone}`, `${one}`],
    each,
    pairs: [...ab],
    keys: [...ab.keys()],
    values: [...ab.values()],
    spread: [...new URLSearchParams("a=1").entries()],
    plus: plus.getAll("q"),
    sorted: `${sorted}`,
    live,
    empty: [`${new URLSearchParams()}`, new URLSearchParams("").size],
  };
}
