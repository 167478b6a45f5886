// returns: "RangeError"
function main() {
  const deeper = () => deeper() + 1;
  try {
    return deeper();
  } catch (error) {
    return error.name;
  }
}
