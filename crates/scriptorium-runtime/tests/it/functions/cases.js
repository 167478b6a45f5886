// What is done with a function whose file is above: an entry for each case.
const refusal = (error) => `${error.code ?? error.name} ${error.field ?? "-"}`;
const outcome = async (work, ...given) => {
  try {
    return JSON.stringify((await work(...given)) ?? null);
  } catch (error) {
    return refusal(error);
  }
};
const ready = async () => {
  if (typeof before === "function") await before();
};

async function success() {
  await ready();
  return call();
}

async function refused() {
  const outcomes = [];
  for (const one of wrong) outcomes.push(await outcome(one));
  return outcomes;
}

async function forbidden() {
  try {
    await call();
    return "allowed";
  } catch (error) {
    return `${error.code} ${error.details?.permission}`;
  }
}

async function endless() {
  await ready();
  for (;;) {
    try {
      await call();
    } catch {
      // No script catches a limit.
    }
  }
}

async function stopped() {
  await ready();
  console.log("it goes on");
  for (let count = 0; ; count++) {
    await call();
    // What is stopped is not the last call that the limits leave.
    if (count > 50) await utils.sleep(1);
  }
}

// The neighbour's names in every disguise, its ids, and what means all or nothing elsewhere.
async function others({ names, ids }) {
  const disguises = (name) => [
    name, name.toLowerCase(), name.toUpperCase(), `../${name}`, `./${name}`, `/${name}`, `${name}/`, `${name}\\`,
    `${name}\u0000`, `${name}%00`, `${name}\u200b`, name.replace("e", "е"), name.replace("e", "e\u0301"), name.replace("s", "ſ"),
    `${name}' or '1'='1`, `${name}*`, `${name}%`, `${name[0]}%`, ...ids.flatMap((id) => [`${id}/${name}`, `${id}:${name}`, `../${id}/${name}`]),
  ];
  const everything = ["", "*", "%", "_", "?", "\u0000", ".", "..", "../..", "'", "--", "__proto__", "null", "x".repeat(1 << 20)];
  const outcomes = new Set();
  for (const name of new Set([...names.flatMap(disguises), ...ids, ...everything])) {
    for (const one of named) outcomes.add(await outcome(one, name));
  }
  return [...outcomes].sort();
}
