// id: C12c
// fails: script.threw
// message: Error: top
export default () => { let cause; for (let i = 0; i < 100000; i++) cause = new Error(`${i}`, { cause }); throw new Error("top", { cause }); };
