// id: O07
// fails: limit.api_calls
// limit: api_calls=3
export default async () => {
  const budget = context.budget();
  try { budget.apiCalls.used = -100; budget.apiCalls.remaining = 100; } catch {}
  context.budget.call({ apiCalls: { used: 0 } });
  for (let i = 0; i < 4; i++) await storage.get("x");
};
