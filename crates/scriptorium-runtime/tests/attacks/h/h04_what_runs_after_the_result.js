// id: H04
// returns: 1
// leaves: null
// The result is written when nothing is left to run, and no later.
// never-logs: late
export default async (input) => {
  if (input === "look") return storage.get("h04");
  storage.get("x").then(() => storage.set("h04", "late")).then(() => console.log("late"));
  return 1;
};
