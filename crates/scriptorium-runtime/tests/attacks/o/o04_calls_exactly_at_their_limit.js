// id: O04
// returns: 5
// limit: api_calls=5
export default async () => { let n = 0; for (; n < 5; n++) await storage.get("x"); return n; };
