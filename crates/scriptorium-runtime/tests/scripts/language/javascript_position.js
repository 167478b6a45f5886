// fails: script.threw
// message: ReferenceError
// at: 5:10
async function main() {
  return missing.name;
}
