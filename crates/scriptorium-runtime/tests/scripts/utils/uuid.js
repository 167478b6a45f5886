// returns: [true,true]
function main() {
  const a = utils.uuid();
  return [/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(a), a !== utils.uuid()];
}
