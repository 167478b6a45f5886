// id: B11
// returns: [30,0]
// limit: api_calls=200
async function main() {
  const tenant = context.tenantId;
  const keys = ["secret", "neighbour/secret", "../neighbour/secret", "..\\secret", "/secret", "//secret", "secret/", "secret%00", "SECRET", "secret ", " secret",
    "%", "_", "*", "secre_", "s%", "secret' or '1'='1", "secret';--", "secret\" or 1=1", "\u017fecret", "secret\u0301", "%73ecret", "tenant:neighbour:secret",
    `${tenant}/secret`, `${tenant}:secret`, "$1", "{{secret}}", "secret\u200b", "[\"secret\"]", "ſecret"];
  let seen = 0;
  for (const key of keys) if ((await storage.get(key)) !== null) seen++;
  return [keys.length, seen];
}
