// id: N02
// returns: true
export default () => {
  Date.now = () => 0;
  try { performance.now = () => 0; } catch {}
  globalThis.Date = class { static now() { return 0; } getTime() { return 0; } };
  return utils.date.now().getTime() > 1.7e12 && context.budget().wallMs.limit > 0;
};
