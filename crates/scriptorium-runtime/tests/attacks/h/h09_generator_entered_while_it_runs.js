// id: H09
// returns: ["TypeError","TypeError","TypeError"]
export default () => {
  const names = [];
  const enter = (how) => { try { generator[how](1); } catch (error) { names.push(error.name); } };
  const generator = (function* () { enter("next"); enter("return"); enter("throw"); yield 1; })();
  generator.next();
  return names;
};
