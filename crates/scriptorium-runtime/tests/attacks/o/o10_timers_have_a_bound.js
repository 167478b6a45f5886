// id: O10
// returns: "RangeError"
export default () => { try { for (let i = 0; i < 1001; i++) setTimeout(() => 1, 1000); return "set"; } catch (error) { return error.name; } };
