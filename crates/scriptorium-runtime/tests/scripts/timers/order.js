// returns: ["now","micro","microtask of now","a 1","micro of a","b 1","c 5","d 5","e 20"]
async function main() {
  const seen = [];
  const at = (name) => () => seen.push(name);
  await new Promise((done) => {
    setTimeout(() => { seen.push("e 20"); done(); }, 20);
    setTimeout(at("c 5"), 5);
    setTimeout(() => { seen.push("a 1"); Promise.resolve().then(at("micro of a")); }, 0);
    setTimeout(at("b 1"), -7);
    setTimeout(at("d 5"), 5.9);
    queueMicrotask(() => { seen.push("micro"); Promise.resolve().then(at("microtask of now")); });
    seen.push("now");
  });
  return seen;
}
