// fails: script.never_settled
async function main() {
  const timer = setTimeout(() => {}, 5000);
  queueMicrotask(() => clearTimeout(timer));
  await new Promise(() => {});
}
