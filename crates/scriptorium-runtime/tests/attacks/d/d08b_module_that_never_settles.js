// id: D08b
// fails: script.never_settled
await new Promise(() => {});
export default () => 1;
