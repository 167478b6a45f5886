// returns: [true,true]
async function main() {
  const sleep = (millis) => new Promise((done) => setTimeout(done, millis));
  // As many as may wait, all at once; and again, since they are gone.
  await Promise.all(Array.from({ length: 1000 }, (_, i) => sleep(i % 7)));
  await Promise.all(Array.from({ length: 1000 }, (_, i) => sleep(7 - (i % 7))));
  // Calls and timers side by side.
  const [echo] = await Promise.all([services.demo.echo(1), sleep(2), services.demo.wait(3), sleep(1)]);
  return [true, echo.args[0] === 1];
}
