// id: C05b
// fails: limit.output
export default () => { const all = {}; for (let i = 0; i < 100000; i++) all[`key${i}`] = i; return all; };
