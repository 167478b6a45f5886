// id: K03
// returns: "ended"
// drops: 0
export default () => { console.log("x".repeat(4 << 20)); return "ended"; };
