// progress: 1 of 2 -
// returns: [["VALIDATION_ERROR","done"],["VALIDATION_ERROR","done"],["VALIDATION_ERROR","done"],["VALIDATION_ERROR","total"],["VALIDATION_ERROR","text"],["VALIDATION_ERROR",null]]
function main() {
  console.progress(1, 2);
  const bad = [[], ["half"], [-1, 2], [1, "2"], [1, 2, { at: 3 }], [NaN, 2]];
  return bad.map((values) => {
    try {
      console.progress(...values);
      return "taken";
    } catch (error) {
      return [error.code, error.field ?? null];
    }
  });
}
