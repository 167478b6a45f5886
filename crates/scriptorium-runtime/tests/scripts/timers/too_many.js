// returns: ["RangeError at most 1000 timers may wait at a time","added"]
function main() {
  const numbers = [];
  try {
    for (;;) numbers.push(setTimeout(() => {}, 1000));
  } catch (error) {
    clearTimeout(numbers[0]);
    setTimeout(() => {}, 1000);
    return [`${error.name} ${error.message}`, numbers.length === 1000 ? "added" : numbers.length];
  }
}
