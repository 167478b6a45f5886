// TextEncoder and TextDecoder: UTF-8, and nothing else.
{
  const { utf8, utf8Text } = host;
  const LABELS = ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"];
  // What may follow the first byte of a sequence, where that is less than 0x80 to 0xbf.
  const LOWEST = { __proto__: null, 0xe0: 0xa0, 0xf0: 0x90 };
  const HIGHEST = { __proto__: null, 0xed: 0x9f, 0xf4: 0x8f };
  const textTrim = uncurry(String.prototype.trim);
  const bytesSet = uncurry(Uint8Array.prototype.set);
  const unitAt = uncurry(String.prototype.charCodeAt);
  const { buffer, offset, size } = typedArrayView;
  const part = (bytes, from, to) => new BytesOf(buffer(bytes), offset(bytes) + from, to - from);

  // How many units of the text went into the bytes, and the bytes without a character cut in two.
  const fitting = (text, bytes, room) => {
    let written = 0;
    let read = 0;
    for (;;) {
      const unit = unitAt(text, read);
      if (unit !== unit) break;
      const takes = unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xdc00 ? 4 : 3;
      if (written + takes > room) break;
      written += takes;
      read += takes === 4 ? 2 : 1;
    }
    return { read, written, bytes: part(bytes, 0, written) };
  };

  class TextEncoder {
    get encoding() {
      return "utf-8";
    }
    encode(text = "") {
      return utf8(textToWellFormed(`${text}`));
    }
    encodeInto(text, target) {
      text = textToWellFormed(`${text}`);
      if (classOf(target) !== "Uint8Array") throw new TypeErrorOf("encodeInto needs a Uint8Array to write into");
      const room = size(target);
      // A unit takes a byte at least; what cannot fit need not be encoded.
      let bytes = utf8(text.length > room ? textToWellFormed(textSlice(text, 0, room)) : text);
      let read = text.length;
      if (read > room || size(bytes) > room) {
        const fit = fitting(text, bytes, room);
        read = fit.read;
        bytes = fit.bytes;
      }
      bytesSet(target, bytes);
      return { read, written: size(bytes) };
    }
  }

  // How many bytes at the end begin a character that is not complete.
  const unfinished = (bytes) => {
    const length = size(bytes);
    for (let back = 1; back <= 3 && back <= length; back++) {
      const byte = bytes[length - back];
      if (byte < 0x80) return 0;
      if (byte < 0xc0) continue;
      const whole = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1;
      if (whole <= back) return 0;
      if (back === 1) return 1;
      const second = bytes[length - back + 1];
      return second >= (LOWEST[byte] ?? 0x80) && second <= (HIGHEST[byte] ?? 0xbf) ? back : 0;
    }
    return 0;
  };

  class TextDecoder {
    #fatal;
    #keepsMark;
    #held = new BytesOf(0);
    #begun = false;
    constructor(label = "utf-8", options = undefined) {
      const name = textToLower(textTrim(`${label}`));
      let known = false;
      for (let i = 0; i < LABELS.length; i++) known ||= LABELS[i] === name;
      if (!known) throw new RangeErrorOf(`TextDecoder reads utf-8 only, not ${textSlice(name, 0, 40)}`);
      this.#fatal = !!options?.fatal;
      this.#keepsMark = !!options?.ignoreBOM;
    }
    get encoding() {
      return "utf-8";
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#keepsMark;
    }
    decode(input = undefined, options = undefined) {
      const more = !!options?.stream;
      let bytes = input === undefined ? new BytesOf(0) : bytesOf(input);
      if (bytes === undefined) throw new TypeErrorOf("decode needs an ArrayBuffer, a typed array or a DataView");
      const held = size(this.#held);
      if (held > 0) {
        const joined = new BytesOf(held + size(bytes));
        bytesSet(joined, this.#held);
        bytesSet(joined, bytes, held);
        bytes = joined;
      }
      const end = more ? size(bytes) - unfinished(bytes) : size(bytes);
      // A copy: the script may change its bytes before the rest comes.
      this.#held = new BytesOf(part(bytes, end, size(bytes)));
      bytes = part(bytes, 0, end);
      let text = utf8Text(bytes, this.#fatal);
      if (text === null) {
        this.#held = new BytesOf(0);
        this.#begun = false;
        throw new TypeErrorOf("the bytes are not correct UTF-8");
      }
      if (!this.#begun && !this.#keepsMark && text[0] === "\ufeff") text = textSlice(text, 1);
      this.#begun = more && (this.#begun || end > 0);
      return text;
    }
  }

  language("TextEncoder", TextEncoder);
  language("TextDecoder", TextDecoder);
}
