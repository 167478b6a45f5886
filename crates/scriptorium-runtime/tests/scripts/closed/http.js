// returns: ["SSRF_BLOCKED",true]
async function main() {
  try {
    await http.get("http://127.0.0.1:8080/");
  } catch (error) {
    return [error.code, error.message.includes("the operator")];
  }
}
