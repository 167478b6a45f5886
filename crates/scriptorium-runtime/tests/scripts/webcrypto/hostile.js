// returns: ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",true,true,["verify"],"TypeError","InvalidAccessError"]
async function main() {
  const abc = new TextEncoder().encode("abc");
  const { toHex } = Uint8Array.prototype;
  const hex = Function.prototype.call.bind(toHex);
  Uint8Array.prototype.toBase64 = Uint8Array.fromBase64 = Uint8Array.prototype.set = () => { throw new Error("stolen"); };
  Array.prototype.includes = () => true;
  String.prototype.toLowerCase = () => "hmac";
  JSON.stringify = () => "stolen";
  Object.defineProperty(Object.prototype, "extractable", { value: true, configurable: true });
  const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", abc)));
  const usages = ["verify"];
  const key = await crypto.subtle.importKey("raw", abc, { name: "HMAC", hash: "SHA-256" }, false, usages);
  usages.push("sign");
  key.usages.push("sign");
  abc.fill(0);
  let refused;
  try {
    crypto.subtle.digest = () => "stolen";
  } catch (error) {
    refused = error.name;
  }
  let usage;
  try {
    await crypto.subtle.sign("HMAC", key, abc);
  } catch (error) {
    usage = error.name;
  }
  return [digest, Object.isFrozen(crypto), Object.isFrozen(crypto.subtle), key.usages, refused, usage];
}
