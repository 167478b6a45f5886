// id: K14
// returns: null
// log: progress 1 of 2 {"done":1,"total":2}
// log: progress NaN {"done":null}
// log: progress x
export default () => { console.progress(1, 2); console.progress(NaN); console.progress("x"); };
