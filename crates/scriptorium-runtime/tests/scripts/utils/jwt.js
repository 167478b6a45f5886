// returns: ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",{"a":1,"exp":1772337966,"iat":1772337906,"iss":"me"},"signature","algorithm","algorithm","expired","audience","malformed","issuer","not_yet",true]
function main() {
  const { sign, verify } = utils.jwt;
  const token = sign({ a: 1 }, "key", { expiresIn: 60, issuer: "me" });
  const why = (work) => {
    try {
      return JSON.stringify(work());
    } catch (error) {
      return error.code === "JWT_INVALID" ? error.details.reason : error.code;
    }
  };
  const encode = (value) => btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  const none = `${encode({ alg: "none" })}.${encode({ a: 1 })}.`;
  return [
    token.split(".")[0], verify(token, "key", { issuer: "me" }), why(() => verify(token, "other")), why(() => verify(none, "key")),
    why(() => verify(sign({}, "key", { algorithm: "HS512" }), "key")), why(() => verify(sign({}, "key", { expiresIn: -1 }), "key")),
    why(() => verify(token, "key", { audience: "you" })), why(() => verify("a.b", "key")), why(() => verify(token, "key", { issuer: "you" })),
    why(() => verify(sign({}, "key", { notBefore: 60 }), "key")),
    verify(sign({ aud: ["x", "y"] }, new Uint8Array(32), { algorithm: "HS384" }), new Uint8Array(32), { algorithms: ["HS384"], audience: "y" }).aud.length === 2,
  ];
}
