// id: B02b
// returns: [["TypeError","TypeError","TypeError","TypeError"],"own"]
// leaves: "own"
"use strict";
async function main(input) {
  const answer = async () => (await services.demo.echo("own")).args[0];
  if (input === "look") return answer();
  const attempts = [
    () => { services.demo.echo = async () => ({ args: ["stolen"] }); },
    () => { Object.defineProperty(services, "demo", { value: {} }); },
    () => { Object.setPrototypeOf(storage, { get: 1 }); },
    () => { delete globalThis.services; },
  ];
  const names = attempts.map((attempt) => { try { attempt(); return "allowed"; } catch (error) { return error.name; } });
  return [names, await answer()];
}
