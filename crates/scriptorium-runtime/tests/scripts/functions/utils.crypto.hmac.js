// success: 64
// arguments: ["VALIDATION_ERROR data","VALIDATION_ERROR key","VALIDATION_ERROR algorithm","VALIDATION_ERROR encoding"]
const call = () => utils.crypto.hmac("abc", "key").length;
const wrong = [
  () => utils.crypto.hmac({}, "key"),
  () => utils.crypto.hmac("abc"),
  () => utils.crypto.hmac("abc", "key", "md5"),
  () => utils.crypto.hmac("abc", "key", "sha256", "x"),
];
