// expect: script.never_settled
export default async () => { await call('later', 1); await new Promise(() => {}); }
