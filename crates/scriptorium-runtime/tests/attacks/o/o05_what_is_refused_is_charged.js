// id: O05
// returns: [2,3]
// limit: api_calls=5
export default async () => {
  for (const key of ["", "x"]) try { await storage.get(key); } catch {}
  const { used, remaining } = context.budget().apiCalls;
  return [used, remaining];
};
