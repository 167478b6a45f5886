// returns: ["http://a/?x=1&y=%EF%BF%BD","1","z=1","http://b/"]
function main() {
  const { stringify } = JSON;
  Array.prototype.toJSON = String.prototype.toJSON = Object.prototype.toJSON = () => "stolen";
  Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  String.prototype.split = String.prototype.slice = String.prototype.toWellFormed = () => "stolen";
  JSON.stringify = JSON.parse = () => "stolen";
  Object.defineProperty(Array.prototype, "0", { set() { throw new Error("stolen"); }, configurable: true });
  Object.defineProperty(Object.prototype, "then", { get() { throw new Error("stolen"); }, configurable: true });
  URLSearchParams.prototype.toString = () => "stolen";
  const url = new URL("http://a");
  url.searchParams.append("x", 1);
  url.searchParams.append("y", "\ud800");
  const record = new URLSearchParams({ z: 1 });
  delete Object.prototype.toJSON;
  delete Array.prototype.toJSON;
  delete String.prototype.toJSON;
  delete Object.prototype.then;
  delete Array.prototype[0];
  class Lying extends URL {
    get href() {
      return "http://lie/";
    }
  }
  const lying = new Lying("http://b");
  const plain = new URL(lying.toString());
  return [url.href, url.searchParams.get("x"), record.size === 1 && record.get("z") === "1" ? "z=1" : "", plain.href];
}
