// returns: ["mine","mine",true,"TypeError","https://a/"]
// The language's library is the script's to change, like the rest of the language (decision 0004);
// what is ours is not.
function main() {
  URL.prototype.toString = () => "mine";
  globalThis.setTimeout = () => "mine";
  class Signed extends URL {
    signed = true;
  }
  let refused;
  try {
    (() => { "use strict"; crypto.randomUUID = 1; })();
  } catch (error) {
    refused = error.name;
  }
  return [`${new URL("https://a")}`, setTimeout(), new Signed("https://a").signed, refused, new Signed("https://a").href];
}
