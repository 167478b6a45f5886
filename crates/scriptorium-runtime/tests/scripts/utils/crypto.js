// returns: {"hash":["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",128,96],"bytes":true,"hmac":"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8","equal":[true,false,false],"random":[32,true,true]}
function main() {
  const { hash, hmac, timingSafeEqual, randomBytes } = utils.crypto;
  const random = randomBytes(32);
  return {
    hash: [hash("abc"), hash("abc", "sha256", "base64"), hash("abc", "sha512").length, hash("abc", "sha384").length],
    bytes: hash(new Uint8Array([97, 98, 99])) === hash("abc") && hash(new Uint8Array([97, 98, 99]).buffer) === hash("abc"),
    hmac: hmac("The quick brown fox jumps over the lazy dog", "key", "sha256"),
    equal: [timingSafeEqual("abc", new Uint8Array([97, 98, 99])), timingSafeEqual("abc", "abd"), timingSafeEqual("abc", "ab")],
    random: [random.length, random instanceof Uint8Array, String(random) !== String(randomBytes(32))],
  };
}
