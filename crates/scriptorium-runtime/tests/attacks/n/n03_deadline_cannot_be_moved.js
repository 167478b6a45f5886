// id: N03
// fails: limit.wall
// limit: wall_ms=60
export default async () => {
  Date.now = performance.constructor.now = () => 0;
  for (const key of ["deadlineMs", "deadlineAt", "budget"]) { try { context[key] = Infinity; Object.defineProperty(context, key, { value: Infinity }); } catch {} }
  const { budget } = context;
  try { budget().wallMs.remaining = 1e9; } catch {}
  await services.demo.wait(60000);
};
