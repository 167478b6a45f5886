// id: K14
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","taken"]
// progress: 1000000 of 0 a b
export default () => {
  const text = { toString: () => { throw new Error("mine"); } };
  return [[NaN], ["x"], [1, 2, text], [1e6, 0, "a\u0000b"]].map((values) => {
    try {
      console.progress(...values);
      return "taken";
    } catch (error) {
      return error.code;
    }
  });
};
