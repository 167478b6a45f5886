// id: C03b
// returns: "first"
export default () => ({ then(resolve, reject) { resolve("first"); resolve("second"); reject("third"); } });
