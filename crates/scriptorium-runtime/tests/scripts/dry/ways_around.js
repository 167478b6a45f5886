// Timers, other spellings, what is not awaited, and what it says about itself.
// dry: true
// returns: [true,"function"]
// effect: storage ctx set 1
// effect: storage sdk set 2
// effect: event later.said null
// effect: storage unawaited set 3
async function main(input, ctx) {
  await ctx.storage.set("ctx", 1);
  await sdk.storage.set("sdk", 2);
  await new Promise((resolve) => setTimeout(() => resolve(events.publish("later.said")), 1));
  storage.set("unawaited", 3);
  try { context.execution.dryRun = false; } catch {}
  await storage.get("x");
  return [context.execution.dryRun, typeof storage.set];
}
