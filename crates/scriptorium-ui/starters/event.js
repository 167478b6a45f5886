async function handleEvent(event) {
  console.info(`Event ${event.type}`, event.payload);
  const key = `seen:${event.payload.orderId}`;
  if (await storage.get(key)) return { duplicate: true };
  await storage.set(key, true, 86400);
  return { handled: event.payload.orderId };
}
