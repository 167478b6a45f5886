// limit: wall_ms=5000
// returns: "done"
// Names that are hard to convert take no longer than their length allows.
function main() {
  const hosts = ["ы".repeat(100000), "xn--".repeat(50000), "a.".repeat(200000), "ы.".repeat(100000), "%D1%8B".repeat(100000), "[".repeat(300000), "1.".repeat(200000), "\u0301".repeat(200000), "ａ".repeat(200000)];
  for (const host of hosts) URL.canParse(`http://${host}/`);
  for (const rest of ["../".repeat(100000), "?" + "&=".repeat(100000), "#" + "ы".repeat(100000)]) new URL(rest, "http://a/b/c").searchParams.size;
  return "done";
}
