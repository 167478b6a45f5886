// returns: ["TypeError Invalid URL: nope","TypeError Invalid URL: /x","TypeError Invalid URL: http://a:99999","TypeError Invalid URL: undefined","TypeError URL needs a text","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError Invalid URL: x","TypeError","Error too long"]
function main() {
  const url = new URL("http://a");
  const attempts = [
    () => new URL("nope"),
    () => new URL("/x", "also nope"),
    () => new URL("http://a:99999"),
    () => new URL(undefined),
    () => new URL(),
    () => URL("http://a"),
    () => new URL(Symbol()),
    () => new URLSearchParams([["a"]]),
    () => new URLSearchParams(["ab"]),
    () => new URLSearchParams({}).get(Symbol()),
    () => { url.href = "x"; },
    () => Object.getOwnPropertyDescriptor(URL.prototype, "href").get.call({ href: "http://a" }),
    () => new URL("http://a/" + "x".repeat(2e6)),
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      if (error.code === "VALIDATION_ERROR") return "Error too long";
      return /^Invalid URL|needs/.test(error.message) ? `${error.name} ${error.message}` : error.name;
    }
  });
}
