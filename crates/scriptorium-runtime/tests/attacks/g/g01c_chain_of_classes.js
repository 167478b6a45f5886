// id: G01c
// returns: "RangeError"
export default () => {
  let Own = class {};
  for (let i = 0; i < 20000; i++) Own = class extends Own {};
  try { new Own(); return "made"; } catch (error) { return error.name; }
};
