// returns: ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
"use strict";
function main(input, ctx) {
  const attempts = [
    () => { context.tenant.name = "x"; },
    () => { context.user.permissions.push("x"); },
    () => { context.extra = 1; },
    () => { globalThis.context = {}; },
    () => { storage.get = 1; },
    () => { delete globalThis.storage; },
    () => { utils.date.format = 1; },
    () => { services.demo = 1; },
    () => { services.demo.echo = 1; },
    () => { ctx.storage = 1; },
    () => { storage.get.extra = 1; },
    () => { Object.defineProperty(globalThis, "console", { value: 1 }); },
  ];
  return attempts.map((attempt) => {
    try {
      attempt();
      return "allowed";
    } catch (error) {
      return error.constructor.name;
    }
  });
}
export default main;
