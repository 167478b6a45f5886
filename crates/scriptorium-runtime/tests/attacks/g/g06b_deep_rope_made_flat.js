// id: G06b
// returns: 1000000
export default () => { let text = ""; for (let i = 0; i < 1e6; i++) text += "x"; text.charCodeAt(5); return text.length; };
