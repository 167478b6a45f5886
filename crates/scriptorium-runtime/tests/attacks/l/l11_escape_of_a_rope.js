// id: L11
// returns: 20001
// ee13c7f
export default () => { let rope = "a"; for (let i = 0; i < 10000; i++) rope = "." + rope; return RegExp.escape(rope).length; };
