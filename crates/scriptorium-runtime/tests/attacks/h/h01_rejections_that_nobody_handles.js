// id: H01
// returns: "ended"
// log: warn rejected, and nothing handled it: Error: one
export default () => { Promise.reject(new Error("one")); return "ended"; };
