// returns: ["a9993e364706816aba3e25717850c26c9cd0d89d","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7","ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",true,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
async function main() {
  const abc = new TextEncoder().encode("abc");
  const hex = async (name, data = abc) => new Uint8Array(await crypto.subtle.digest(name, data)).toHex();
  return [
    await hex("SHA-1"),
    await hex("sha-256"),
    await hex({ name: "SHA-384" }),
    await hex("SHA-512"),
    (await crypto.subtle.digest("SHA-1", abc)) instanceof ArrayBuffer,
    await hex("SHA-256", new ArrayBuffer(0)),
    await hex("SHA-256", new DataView(new TextEncoder().encode("-abc-").buffer, 1, 3)),
  ];
}
