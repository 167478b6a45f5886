// returns: ["TypeError setTimeout needs a function","TypeError setTimeout needs a function","TypeError","TypeError","TypeError queueMicrotask needs a function","TypeError","undefined","ok"]
async function main() {
  const attempts = [
    () => setTimeout("code", 1),
    () => setTimeout(),
    () => setTimeout(() => {}, Symbol()),
    () => setTimeout(() => {}, 5n),
    () => queueMicrotask({}),
    () => new setTimeout(() => {}),
    () => typeof setInterval,
  ];
  const told = attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return /needs/.test(error.message) ? `${error.name} ${error.message}` : error.name;
    }
  });
  return [...told, await new Promise((done) => setTimeout(done, NaN, "ok"))];
}
