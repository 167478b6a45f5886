// returns: ["TypeMismatchError","TypeMismatchError","TypeMismatchError","QuotaExceededError","NotSupportedError","TypeError","NotSupportedError","NotSupportedError","NotSupportedError","SyntaxError","SyntaxError","DataError","DataError","TypeError","InvalidAccessError","InvalidAccessError","NotSupportedError","TypeError","TypeError","TypeError","TypeError","OperationError"]
async function main() {
  const { subtle } = crypto;
  const bytes = new Uint8Array([1, 2]);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes, hmac, false, ["verify"]);
  const attempts = [
    () => crypto.getRandomValues(new Float64Array(1)),
    () => crypto.getRandomValues([1]),
    () => crypto.getRandomValues(new DataView(bytes.buffer)),
    () => crypto.getRandomValues(new Uint8Array(65537)),
    () => subtle.digest("MD5", bytes),
    () => subtle.digest("SHA-256", "text"),
    () => subtle.importKey("jwk", {}, hmac, true, ["sign"]),
    () => subtle.importKey("raw", bytes, "AES-GCM", true, ["sign"]),
    () => subtle.importKey("raw", bytes, { name: "HMAC" }, true, ["sign"]),
    () => subtle.importKey("raw", bytes, hmac, true, ["encrypt"]),
    () => subtle.importKey("raw", bytes, hmac, true, []),
    () => subtle.importKey("raw", new Uint8Array(0), hmac, true, ["sign"]),
    () => subtle.importKey("raw", bytes, { ...hmac, length: 8 }, true, ["sign"]),
    () => subtle.importKey("raw", "key", hmac, true, ["sign"]),
    () => subtle.sign("HMAC", key, bytes),
    () => subtle.exportKey("raw", key),
    () => subtle.sign("RSA", key, bytes),
    () => subtle.sign("HMAC", { type: "secret" }, bytes),
    () => new CryptoKey(),
    () => new CryptoKey({ base64: "", usages: ["sign"] }),
    () => Object.getOwnPropertyDescriptor(CryptoKey.prototype, "usages").get.call({}),
    () => subtle.generateKey({ ...hmac, length: 7 }, true, ["sign"]),
  ];
  const told = [];
  for (const attempt of attempts) {
    try {
      told.push(await attempt());
    } catch (error) {
      told.push(typeof error.code === "string" ? error.code : error.name);
    }
  }
  return told;
}
