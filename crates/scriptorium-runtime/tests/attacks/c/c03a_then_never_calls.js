// id: C03a
// fails: script.never_settled
export default () => ({ then() {} });
