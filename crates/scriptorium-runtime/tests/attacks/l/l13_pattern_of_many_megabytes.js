// id: L13
// returns: "ended"
// CVE-2025-62495, c2f37ec
// limit: memory_bytes=67108864
export default () => {
  for (const text of ["(?:a{1000}){1000}".repeat(20), "[^a]".repeat(100000), "a".repeat(1 << 20), "(?:".repeat(200) + "a" + "){1,30}".repeat(200)]) {
    try { new RegExp(text).test("aaa"); } catch (error) { if (!(error instanceof SyntaxError)) throw error; }
  }
  return "ended";
};
