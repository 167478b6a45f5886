// id: C02a
// returns: {"n":1}
export default () => ({ n: 1, toJSON() { return this; } });
