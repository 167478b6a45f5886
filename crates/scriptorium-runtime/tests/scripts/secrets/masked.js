// returns: {"length":19,"raw":"***","base64":"***","within":"dXNlcjp***","encoded":"***","key":{"***":1}}
// log: info the key is ***
// log: info { key: '***' }
// log: warn told {"key":"***","list":["a***b"]}
async function main() {
  const key = await secrets.get("stripe");
  console.log("the key is", key);
  console.log({ key });
  ctx.logger.warn("told", { key, list: [`a${key}b`] });
  const base64 = btoa(key);
  const found = { length: key.length, raw: key, base64: base64.replace(/.==?$/, ""), encoded: encodeURIComponent(key), key: { [key]: 1 } };
  return { ...found, within: btoa(`user:${key}`) };
}
