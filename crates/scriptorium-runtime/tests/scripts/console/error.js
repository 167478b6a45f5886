// log: error Error: broken\n    at fail (script:9:46)\n    at main (script:4:5) { code: 'X' }
function main() {
  try {
    fail();
  } catch (error) {
    console.error(error);
  }
}
const fail = () => { throw Object.assign(new Error("broken"), { code: "X" }); };
