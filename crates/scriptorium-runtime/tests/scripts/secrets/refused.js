// returns: ["NOT_FOUND name","NOT_FOUND name","NOT_FOUND name","NOT_FOUND name","VALIDATION_ERROR name","VALIDATION_ERROR name","VALIDATION_ERROR name","VALIDATION_ERROR name","VALIDATION_ERROR name","NOT_FOUND name"]
async function main() {
  const codes = [];
  // Not there, another tenant's, another script's, and spellings of what is there.
  for (const name of ["nothing", "theirs", "others", "STRIPE", "../stripe", "stripe%", "", 7, "stripe\u0000", "__proto__"]) {
    await secrets.get(name).then(() => codes.push("given"), (error) => codes.push(`${error.code} ${error.field}`));
  }
  return codes;
}
