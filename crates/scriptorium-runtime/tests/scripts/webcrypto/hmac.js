// returns: {"sign":["f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8","de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"],"verify":[true,false,false,true],"key":["secret",false,"HMAC","SHA-256",24,["sign","verify"],true],"raw":[107,101,121],"generated":[512,1024,128,true],"console":"CryptoKey"}
async function main() {
  const bytes = (text) => new TextEncoder().encode(text);
  const data = bytes("The quick brown fox jumps over the lazy dog");
  const make = (hash, extractable = false, usages = ["sign", "verify", "sign"]) =>
    crypto.subtle.importKey("raw", bytes("key"), { name: "HMAC", hash }, extractable, usages);
  const hex = (buffer) => new Uint8Array(buffer).toHex();
  const key = await make("SHA-256");
  const signature = await crypto.subtle.sign("HMAC", key, data);
  const wrong = new Uint8Array(signature.slice(0));
  wrong[31] ^= 1;
  const generate = (options) => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", ...options }, true, ["sign"]);
  const own = await generate({});
  const other = await generate({});
  const raw = async (one) => hex(await crypto.subtle.exportKey("raw", one));
  return {
    sign: [hex(signature), hex(await crypto.subtle.sign({ name: "hmac" }, await make({ name: "SHA-1" }), data))],
    verify: [
      await crypto.subtle.verify("HMAC", key, signature, data),
      await crypto.subtle.verify("HMAC", key, wrong, data),
      await crypto.subtle.verify("HMAC", key, signature.slice(0, 31), data),
      await crypto.subtle.verify("HMAC", await make("SHA-256", false, ["verify"]), signature, data),
    ],
    key: [key.type, key.extractable, key.algorithm.name, key.algorithm.hash.name, key.algorithm.length, key.usages, key instanceof CryptoKey],
    raw: [...new Uint8Array(await crypto.subtle.exportKey("raw", await make("SHA-512", true)))],
    generated: [own.algorithm.length, (await generate({ hash: "SHA-512" })).algorithm.length, (await generate({ length: 128 })).algorithm.length, (await raw(own)) !== (await raw(other))],
    console: key.constructor.name,
  };
}
