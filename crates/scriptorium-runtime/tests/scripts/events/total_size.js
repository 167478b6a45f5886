// returns: ["VALIDATION_ERROR",true]
async function main() {
  const data = "x".repeat(250_000);
  let published = 0;
  try {
    for (;;) {
      await events.publish("a.b", data);
      published++;
    }
  } catch (error) {
    return [error.code, published >= 15 && published <= 17];
  }
}
