// id: L06
// returns: "whole"
// daab4ad
export default () => {
  if (!Iterator.concat) return "whole";
  const joined = Iterator.concat([1], { [Symbol.iterator]() { return { next() { joined.return(); return { done: true }; } }; } }, [3]);
  try { [...joined]; } catch (error) { if (!(error instanceof TypeError)) throw error; }
  const again = Iterator.concat({ [Symbol.iterator]: () => ({ next: () => { try { again.next(); } catch {} return { done: true }; } }) });
  again.next();
  return "whole";
};
