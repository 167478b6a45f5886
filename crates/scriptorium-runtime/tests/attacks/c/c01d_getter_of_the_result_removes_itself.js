// id: C01d
// returns: {"a":1,"b":2}
export default () => ({ get a() { delete this.a; delete this.c; return 1; }, b: 2, c: 3 });
