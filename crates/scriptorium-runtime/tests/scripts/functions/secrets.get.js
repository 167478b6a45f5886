// success: 19
// tenant: ["NOT_FOUND name","VALIDATION_ERROR name"]
// arguments: ["VALIDATION_ERROR name","VALIDATION_ERROR name","VALIDATION_ERROR name","NOT_FOUND name"]
const call = async () => (await secrets.get("stripe")).length;
const wrong = [() => secrets.get(), () => secrets.get("../stripe"), () => secrets.get("x".repeat(300)), () => secrets.get("nothing")];
const named = [(name) => secrets.get(name)];
