// success: [16,15]
// tenant: ["NOT_FOUND name","VALIDATION_ERROR name"]
// arguments: ["VALIDATION_ERROR name","VALIDATION_ERROR name","NOT_FOUND name"]
const call = async () => (await secrets.all("rotated")).map((value) => value.length);
const wrong = [() => secrets.all(7), () => secrets.all(".hidden"), () => secrets.all("nothing")];
const named = [(name) => secrets.all(name)];
