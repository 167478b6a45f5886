// returns: [100000,true]
function main() {
  const params = new URLSearchParams(Array.from({ length: 100000 }, (_, i) => [`k${i}`, "v"]));
  const text = params.toString();
  const back = new URLSearchParams(text);
  return [back.size, back.get("k99999") === "v"];
}
