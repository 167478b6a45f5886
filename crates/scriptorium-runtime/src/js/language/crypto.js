// crypto: bytes nobody can predict, digests, and keyed digests, in the shape of the Web Cryptography
// API. The work is the host's.
{
  const arrayIncludes = uncurry(Array.prototype.includes);
  const bytesSet = uncurry(Uint8Array.prototype.set);
  const INTEGERS = [
    "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
    "BigInt64Array", "BigUint64Array",
  ];
  const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
  const USAGES = ["sign", "verify"];
  // Bits of a block: the length of a generated key.
  const BLOCKS = { __proto__: null, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
  const RANDOM_BYTES = 65536;

  const exception = (name, message) => new DOMExceptionOf(message, name);
  const nameOf = (algorithm) => `${typeof algorithm === "object" && algorithm !== null ? algorithm.name : algorithm}`;
  const hashOf = (algorithm) => {
    const name = nameOf(algorithm);
    for (let i = 0; i < HASHES.length; i++) if (textToLower(HASHES[i]) === textToLower(name)) return HASHES[i];
    throw exception("NotSupportedError", `there is no digest ${stringify(textSlice(name, 0, 40))}; there are SHA-1, SHA-256, SHA-384 and SHA-512`);
  };
  const isHmac = (algorithm) => {
    const name = nameOf(algorithm);
    if (textToLower(name) !== "hmac") throw exception("NotSupportedError", `there is no algorithm ${stringify(textSlice(name, 0, 40))} for keys; there is HMAC`);
  };
  const isRaw = (format) => {
    if (format !== "raw") throw exception("NotSupportedError", "a key is read and written as raw bytes only");
  };
  const dataOf = (data) => {
    const bytes = bytesOf(data);
    if (bytes === undefined) throw new TypeErrorOf("the data must be an ArrayBuffer, a typed array or a DataView");
    return base64Json(bytesToBase64(bytes));
  };
  const base64Json = (base64) => `{"$bytes":"${base64}"}`;
  const randomBytes = (length) => fromBase64(hostCallSync("utils.crypto.randomBytes", `[${length}]`));

  let inside;
  let makeKey;
  class CryptoKey {
    #key;
    constructor(key, ours = undefined) {
      if (ours !== makeKey) throw new TypeErrorOf("a CryptoKey comes from crypto.subtle");
      this.#key = key;
    }
    static {
      makeKey = (key) => new CryptoKey(key, makeKey);
      inside = (value) => {
        if (typeof value !== "object" || value === null || !(#key in value)) throw new TypeErrorOf("the key must be a CryptoKey");
        return value.#key;
      };
      append(brands, {
        __proto__: null,
        name: "CryptoKey",
        is: (value) => #key in value,
        text: (value) => `{ HMAC ${value.#key.hash}, ${arrayJoin(value.#key.usages, ", ")} }`,
      });
    }
    get type() {
      return inside(this) && "secret";
    }
    get extractable() {
      return this.#key.extractable;
    }
    get algorithm() {
      return { name: "HMAC", hash: { name: this.#key.hash }, length: this.#key.bits };
    }
    get usages() {
      const usages = [];
      for (let i = 0; i < this.#key.usages.length; i++) append(usages, this.#key.usages[i]);
      return usages;
    }
  }

  const usagesOf = (list) => {
    const usages = [];
    for (const usage of list) {
      const name = `${usage}`;
      if (!arrayIncludes(USAGES, name)) throw exception("SyntaxError", "a key for HMAC may sign and verify, nothing else");
      if (!arrayIncludes(usages, name)) append(usages, name);
    }
    if (usages.length === 0) throw exception("SyntaxError", "a key needs a usage: sign, verify, or both");
    return usages;
  };
  const usable = (value, usage) => {
    const key = inside(value);
    if (!arrayIncludes(key.usages, usage)) throw exception("InvalidAccessError", `the key was not made to ${usage}`);
    return key;
  };

  const subtle = {
    async digest(algorithm, data) {
      const hash = hashOf(algorithm);
      return typedArrayView.buffer(fromBase64(hostCallSync("internal.digest", `["${hash}",${dataOf(data)}]`)));
    },
    async importKey(format, keyData, algorithm, extractable, keyUsages) {
      isRaw(format);
      isHmac(algorithm);
      const hash = hashOf(algorithm.hash);
      const usages = usagesOf(keyUsages);
      const bytes = bytesOf(keyData);
      if (bytes === undefined) throw new TypeErrorOf("the key must be an ArrayBuffer, a typed array or a DataView");
      const bits = typedArrayView.size(bytes) * 8;
      if (bits === 0) throw exception("DataError", "the key is empty");
      if (algorithm.length !== undefined && algorithm.length !== bits) throw exception("DataError", `the key has ${bits} bits`);
      return makeKey({ __proto__: null, hash, usages, bits, extractable: !!extractable, base64: bytesToBase64(bytes) });
    },
    async generateKey(algorithm, extractable, keyUsages) {
      isHmac(algorithm);
      const hash = hashOf(algorithm.hash);
      const usages = usagesOf(keyUsages);
      const bits = algorithm.length === undefined ? BLOCKS[hash] : +algorithm.length;
      if (!(bits > 0 && bits <= 8 * RANDOM_BYTES && bits % 8 === 0)) throw exception("OperationError", "the length must be a number of whole bytes in bits");
      return makeKey({ __proto__: null, hash, usages, bits, extractable: !!extractable, base64: bytesToBase64(randomBytes(bits / 8)) });
    },
    async exportKey(format, key) {
      isRaw(format);
      const { extractable, base64 } = inside(key);
      if (!extractable) throw exception("InvalidAccessError", "the key was made not to be read");
      return typedArrayView.buffer(fromBase64(base64));
    },
    async sign(algorithm, key, data) {
      isHmac(algorithm);
      const { hash, base64 } = usable(key, "sign");
      const code = hostCallSync("internal.sign", `["${hash}",${base64Json(base64)},${dataOf(data)}]`);
      return typedArrayView.buffer(fromBase64(code));
    },
    async verify(algorithm, key, signature, data) {
      isHmac(algorithm);
      const { hash, base64 } = usable(key, "verify");
      return hostCallSync("internal.verify", `["${hash}",${base64Json(base64)},${dataOf(data)},${dataOf(signature)}]`);
    },
  };

  const crypto = {
    getRandomValues(array) {
      if (!arrayIncludes(INTEGERS, classOf(array))) throw exception("TypeMismatchError", "getRandomValues fills typed arrays of integers only");
      const bytes = bytesOf(array);
      const length = typedArrayView.size(bytes);
      if (length > RANDOM_BYTES) throw exception("QuotaExceededError", `at most ${RANDOM_BYTES} bytes at a time, not ${length}`);
      if (length > 0) bytesSet(bytes, randomBytes(length));
      return array;
    },
    randomUUID: () => hostCallSync("internal.randomUuid", "[]"),
    subtle,
  };
  freezeApi(crypto);
  language("crypto", crypto);
  language("CryptoKey", CryptoKey);
}
