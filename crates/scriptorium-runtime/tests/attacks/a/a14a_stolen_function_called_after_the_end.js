// id: A14a
// returns: "over"
// leaves: null
// never-logs: late
async function main(input) {
  if (input === "look") return storage.get("a14a");
  const { get, set } = storage;
  setTimeout(() => { console.log("late"); set("a14a", "late"); }, 1);
  services.demo.wait(20).then(() => { console.log("late"); set("a14a", "late"); });
  get("x").finally(() => services.demo.wait(1)).finally(() => console.log("late"));
  return "over";
}
