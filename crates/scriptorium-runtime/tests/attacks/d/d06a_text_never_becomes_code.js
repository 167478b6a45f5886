// id: D06a
// returns: ["TypeError","TypeError","TypeError"]
const name = ["con", "structor"].join("");
export default () => {
  const names = [];
  let source = "1";
  for (const run of [globalThis[["ev", "al"].join("")], main[name], Reflect.get(globalThis, ["Func", "tion"].join(""))]) {
    try { for (let i = 0; i < 20; i++) run((source += `+(${source})`)); names.push("ran"); } catch (error) { names.push(error.name); }
  }
  return names;
};
const main = () => 1;
