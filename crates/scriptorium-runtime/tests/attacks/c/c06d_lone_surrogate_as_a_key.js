// id: C06d
// returns: [1,1,null,"\ufffd","\ufffdx"]
// It becomes the replacement character, once and for all: no two keys can be told apart that are stored as one.
async function main() {
  await storage.set("c06\ud800", 1);
  const value = await storage.set("c06v", "\ud800").then(() => storage.get("c06v"));
  const { args } = await services.demo.echo("\udfffx");
  return [await storage.get("c06\ud800"), await storage.get("c06\ufffd"), await storage.get("c06"), value, args[0]];
}
