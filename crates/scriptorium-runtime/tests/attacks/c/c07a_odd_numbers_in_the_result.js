// id: C07a
// returns: [null,null,null,0,9007199254740992,null]
export default () => [NaN, Infinity, -Infinity, -0, 2 ** 53 + 2 - 1, 1e400];
