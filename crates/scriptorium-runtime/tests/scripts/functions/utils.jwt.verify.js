// success: {"a":1}
// arguments: ["VALIDATION_ERROR token","VALIDATION_ERROR key","JWT_INVALID token","VALIDATION_ERROR options.leeway","VALIDATION_ERROR options.algorithms"]
const call = () => utils.jwt.verify("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.Z4rGK-v6a2sWAUQdmALR3aYbXZviLr8j26a9ndx_bM4", "key");
const wrong = [
  () => utils.jwt.verify(7, "key"),
  () => utils.jwt.verify("a.b.c", {}),
  () => utils.jwt.verify("a.b.c", "key"),
  () => utils.jwt.verify("a.b.c", "key", { leeway: 9999 }),
  () => utils.jwt.verify("a.b.c", "key", { algorithms: ["none"] }),
];
