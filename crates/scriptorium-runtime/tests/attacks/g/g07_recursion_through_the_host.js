// id: G07
// returns: "RangeError"
// Each level goes through a call of the host, whose frames take none of the guest's stack.
export default () => {
  const again = () => utils.crypto.hash(`${{ toString: again }}`);
  try { return again(); } catch (error) { return error.name; }
};
