// returns: [0,1,2,3,4,5,6,7,8,9]
async function main() {
  const keys = Array.from({ length: 10 }, (_, i) => `key${i}`);
  await Promise.all(keys.map((key, i) => storage.set(key, i)));
  return Promise.all(keys.map((key) => storage.get(key)));
}
