// id: L08
// returns: "whole"
// CVE-2026-37630
export default () => {
  let kept;
  const make = () => { const own = { kept }; return (function (a, b) { "use strict"; return { args: arguments, own }; })(own, own); };
  for (let i = 0; i < 3000; i++) { kept = make(); kept.args[0].cycle = kept; }
  return "whole";
};
