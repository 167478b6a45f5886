// id: H12
// returns: 3
export default async () => {
  let fired = 0;
  const ids = [];
  for (let i = 0; i < 10; i++) ids.push(setTimeout(() => { fired++; if (fired === 3) ids.forEach(clearTimeout); }, 1));
  await new Promise((settled) => setTimeout(settled, 5));
  return fired;
};
