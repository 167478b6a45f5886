// success: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
// arguments: ["VALIDATION_ERROR data","VALIDATION_ERROR algorithm","VALIDATION_ERROR encoding"]
const call = () => utils.crypto.hash("abc", "sha256", "base64");
const wrong = [() => utils.crypto.hash(7), () => utils.crypto.hash("abc", "md5"), () => utils.crypto.hash("abc", "sha256", "latin1")];
