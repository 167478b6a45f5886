// id: C01c
// fails: script.bad_result
// message: from a getter
export default () => ({ get x() { throw new Error("from a getter"); } });
