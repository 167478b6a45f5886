// id: K07
// fails: script.threw
// at: 5:21
export default () => {
  const error = new Error("x");
  try { Object.defineProperty(error, "stack", { value: "Error: x\n    at main (/etc/passwd:1:1)\n    at forged (script:1:1)" }); } catch {}
  throw Object.assign(error, {});
};
