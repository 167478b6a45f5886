// id: E06
// fails: limit.cpu
// limit: cpu_ms=40
// each: text.indexOf("b")
// each: text.lastIndexOf("b")
// each: text.includes("ab")
// each: text.toUpperCase().at(0)
// each: text.normalize("NFKD").at(0)
// each: text.localeCompare(text + "b")
// each: text.split("").length
// each: text.replaceAll("a", "b").at(0)
// each: text.padEnd(2e6, text).at(0)
// each: text.trim().at(0)
// each: text.isWellFormed()
// each: text.toWellFormed().at(0)
// each: [...text].length
// each: encodeURIComponent(text).at(0)
// each: escape(text).at(0)
// each: JSON.stringify(text).at(0)
// each: btoa(text).at(0)
// each: Number(text)
// each: parseInt(text, 36)
// each: RegExp.escape(text).at(0)
// each: Symbol.for(text + Math.random())
// each: new TextEncoder().encode(text).at(0)
// each: utils.crypto.hash(text)
// each: new URL("http://a/" + text).pathname.at(0)
export default () => { const text = "a".repeat(200000); for (;;) $EACH; };
