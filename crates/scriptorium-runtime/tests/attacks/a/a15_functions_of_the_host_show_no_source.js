// id: A15
// returns: [true,[],[]]
// The prelude's text is no secret; that of native functions is not there, and nothing tells of the machine.
function main() {
  const native = [], told = [], seen = new Set();
  const visit = (value, path) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    if (typeof value === "function") {
      const text = Function.prototype.toString.call(value);
      if (/\.(rs|c|h)\b|\/(root|home|work|tmp|usr)\/|0x[0-9a-f]{6}/.test(text)) told.push(path);
      if (text.includes("native code") && !/^(function|class|async function)? ?\*?[\[\]\w$ .<>]*\(\) \{\s*\[native code\]\s*\}$/.test(text)) native.push(text);
    }
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      for (const part of [property.value, property.get, property.set]) visit(part, `${path}.${String(key)}`);
    }
    visit(Object.getPrototypeOf(value), `${path}.prototype`);
  };
  visit(globalThis, "global");
  return [seen.size > 500, native, told];
}
