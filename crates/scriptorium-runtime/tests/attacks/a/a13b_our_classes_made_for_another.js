// id: A13b
// returns: ["CryptoKey TypeError","AbortSignal TypeError","URL ok"]
function main() {
  const make = (of, values) => {
    try {
      const made = Reflect.construct(of, values, Map);
      return made instanceof Map && !(made instanceof of) ? "ok" : "odd";
    } catch (error) { return error.name; }
  };
  return [`CryptoKey ${make(CryptoKey, [])}`, `AbortSignal ${make(AbortSignal, [])}`, `URL ${make(URL, ["http://a/"])}`];
}
