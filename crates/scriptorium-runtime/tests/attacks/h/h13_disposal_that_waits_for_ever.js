// id: H13
// fails: script.never_settled
export default async () => { await using never = { [Symbol.asyncDispose]: () => new Promise(() => {}) }; return 1; };
