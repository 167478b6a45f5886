// id: K05
// returns: ["TypeError","undefined"]
export default (input, ctx) => {
  let name;
  try { ctx.logger.fatal("x"); } catch (error) { name = error.name; }
  return [name, typeof console.fatal];
};
