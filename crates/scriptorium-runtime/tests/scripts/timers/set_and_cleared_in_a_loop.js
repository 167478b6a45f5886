// returns: "done"
// An alarm that is moved ten thousand times, with and without a step between, is still one.
async function main() {
  for (let i = 0; i < 10000; i++) clearTimeout(setTimeout(() => {}, 10000 - i));
  let timer = setTimeout(() => {}, 20000);
  for (let i = 0; i < 3000; i++) {
    clearTimeout(timer);
    timer = setTimeout(() => {}, 20000 - i);
    await null;
  }
  clearTimeout(timer);
  return await new Promise((done) => setTimeout(done, 1, "done"));
}
