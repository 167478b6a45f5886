// kind: scheduled
// user: none
// returns: [null,null,null]
function main() {
  return [context.user, context.userId, ctx.user];
}
