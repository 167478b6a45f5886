// id: K12
// returns: "\u001b[31mred\u202eabc\u0007"
// log: info plain
export default () => { console.log("plain"); return "\x1b[31mred\u202eabc\x07"; };
