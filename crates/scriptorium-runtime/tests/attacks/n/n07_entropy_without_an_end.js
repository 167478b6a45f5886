// id: N07
// fails: limit.cpu
// limit: cpu_ms=60
// each: for (;;) utils.crypto.randomBytes(65536);
// each: for (;;) crypto.getRandomValues(new Uint8Array(65536));
// each: for (;;) utils.uuid();
// each: for (;;) crypto.randomUUID();
// each: for (;;) Math.random();
export default () => { $EACH };
