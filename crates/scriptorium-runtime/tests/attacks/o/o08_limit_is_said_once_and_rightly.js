// id: O08
// fails: limit.api_calls
// limit: api_calls=10
// warns: API calls are used up
export default async () => { for (;;) await storage.get("x"); };
