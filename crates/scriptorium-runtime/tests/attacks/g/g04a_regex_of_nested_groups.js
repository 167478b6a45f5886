// id: G04a
// returns: "SyntaxError"
export default () => { try { new RegExp("(".repeat(1e5) + "a" + ")".repeat(1e5)); return "made"; } catch (error) { return error.name; } };
