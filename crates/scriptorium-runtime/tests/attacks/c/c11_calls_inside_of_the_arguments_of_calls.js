// id: C11
// returns: [50,"RangeError"]
// limit: service_calls=10000
async function main() {
  let made = 0;
  const nest = (n) => ({ toJSON() { made++; if (n > 0) services.demo.echo(nest(n - 1)).catch(() => 0); return n; } });
  await services.demo.echo(nest(49));
  const fifty = made;
  const endless = { toJSON() { utils.crypto.hash(endless); } };
  try { utils.crypto.hash(`${utils.crypto.hash("x")}`); storageOf(endless); } catch (error) { return [fifty, error.name]; }
}
const storageOf = (value) => utils.crypto.timingSafeEqual(value, JSON.stringify(deeply(0)));
const deeply = (n) => deeply(n + 1);
