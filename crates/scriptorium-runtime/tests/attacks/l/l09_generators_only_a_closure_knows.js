// id: L09
// returns: "whole"
// 7955cfd
export default async () => {
  for (let i = 0; i < 3000; i++) {
    const generator = (function* () { const own = () => generator; yield own; })();
    generator.next().value.own = generator;
    const waiting = (async () => { const own = { waiting: () => waiting }; await new Promise(() => {}); return own; })();
  }
  return "whole";
};
