// id: O11
// returns: "VALIDATION_ERROR"
// limit: memory_bytes=67108864
export default async () => {
  const large = "x".repeat(250000);
  try { for (let i = 0; i < 20; i++) await events.publish("a.b", large); return "published"; } catch (error) { return error.code; }
};
