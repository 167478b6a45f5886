// returns: {"filled":[true,true,true],"same":true,"part":[0,0,true],"uuid":[true,true],"empty":0,"bigint":"bigint"}
function main() {
  const array = new Uint8Array(32);
  const same = crypto.getRandomValues(array) === array;
  const other = crypto.getRandomValues(new Uint8Array(32));
  const wide = crypto.getRandomValues(new Uint32Array(4));
  const whole = new Uint8Array(8);
  crypto.getRandomValues(whole.subarray(2, 8));
  const uuid = crypto.randomUUID();
  return {
    filled: [array.some((byte) => byte > 0), String(array) !== String(other), wide.some((n) => n > 0xffff)],
    same,
    part: [whole[0], whole[1], whole.some((byte) => byte > 0)],
    uuid: [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid !== crypto.randomUUID()],
    empty: crypto.getRandomValues(new Int8Array(0)).length,
    bigint: typeof crypto.getRandomValues(new BigUint64Array(1))[0],
  };
}
