// id: L07
// returns: "whole"
// 78494db
export default async () => {
  const registry = new FinalizationRegistry((held) => { registry.register({}, held); registry.unregister(held); });
  for (let i = 0; i < 2000; i++) { const a = { i }, b = { a }; a.b = b; registry.register(a, b.a === a ? i : 0, b); if (i % 100 === 0) await null; }
  return "whole";
};
