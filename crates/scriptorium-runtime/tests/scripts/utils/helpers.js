// returns: [[1,2,3],"given up",[2,"third"],"ASSERTION_FAILED no luck","ok",[[1,2],[3]],"VALIDATION_ERROR size","salom-dunyo","privet-mir-42","cafe-deja-vu","",true]
async function main() {
  const calls = [];
  await utils.retry((attempt) => {
    calls.push(attempt);
    if (attempt < 3) throw new Error("again");
  }, { delay: 1 });
  const given = await utils.retry(() => { throw new Error("given up"); }, { attempts: 2, delay: 1 }).catch((error) => error.message);
  const some = [];
  const when = await utils.retry((n) => { some.push(n); throw new Error(n === 1 ? "again" : "third"); }, { attempts: 9, delay: 0, when: (e) => e.message === "again" }).catch((e) => e.message);
  const code = (work) => {
    try {
      work();
      return "ok";
    } catch (error) {
      return `${error.code} ${error.code === "ASSERTION_FAILED" ? error.message : error.field}`;
    }
  };
  return [
    calls, given, [some.length, when], code(() => utils.assert(1 > 2, "no luck")), code(() => utils.assert(true)),
    utils.chunk([1, 2, 3], 2), code(() => utils.chunk([1], 0)), utils.slug("Salom,  dunyo!"), utils.slug("Привет, мир 42"), utils.slug(" Café déjà-vu "),
    utils.slug("日本"), (await utils.sleep(1)) === undefined,
  ];
}
