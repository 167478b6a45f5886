// id: B10
// returns: [true,true,true]
// What exists in the other tenant is refused in the same words as what exists nowhere.
async function main() {
  const said = async (call, name) => {
    try { return JSON.stringify(await call(name)); } catch (error) { return [error.code, error.message.replaceAll(name, "NAME")].join(); }
  };
  const same = async (call, theirs, nowhere) => (await said(call, theirs)) === (await said(call, nowhere));
  return [
    await same((name) => storage.get(name), "secret", "missing"),
    await same((name) => storage.delete(name), "secret", "missing"),
    await same((name) => utils.template.render(name), "neighbours", "nobodys"),
  ];
}
