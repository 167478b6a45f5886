// id: K01
// returns: null
// log: warn one\nerror forged line
// A line is a record of its own: what is in it stays in it.
export default () => { console.warn("one\nerror forged line"); };
