// id: E09
// fails: limit.cpu
// limit: cpu_ms=40
// each: for (;;) Object.keys(many)
// each: for (;;) Object.entries(many)
// each: for (;;) Object.assign({}, many)
// each: for (;;) ({ ...many })
// each: for (;;) for (const key in many) ;
// each: for (;;) Object.freeze({ ...many })
// each: for (;;) JSON.stringify(many)
// each: for (;;) structuredClone(many)
// each: for (;;) Reflect.ownKeys(new Proxy(many, {}))
export default () => { const many = {}; for (let i = 0; i < 5000; i++) many[`k${i}`] = i; $EACH; };
