// success: [["a.1",1],["a.2",2]]
// tenant: ["VALIDATION_ERROR options.cursor","VALIDATION_ERROR prefix","[]"]
// arguments: ["VALIDATION_ERROR prefix","VALIDATION_ERROR options","VALIDATION_ERROR options.limit","VALIDATION_ERROR options.cursor","VALIDATION_ERROR options"]
const before = () => Promise.all([storage.set("a.1", 1), storage.set("a.2", 2), storage.set("b", 3)]);
const call = async () => (await storage.list("a.", { limit: 10 })).items.map(({ key, value }) => [key, value]);
const wrong = [
  () => storage.list(7),
  () => storage.list("", 7),
  () => storage.list("", { limit: 0 }),
  () => storage.list("", { cursor: 7 }),
  () => storage.list("", { after: "x" }),
];
const named = [
  (name) => storage.list(name).then((list) => list.items),
  (name) => storage.list("", { cursor: name }).then((list) => list.items),
  () => storage.list().then((list) => list.items),
];
