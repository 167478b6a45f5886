// returns: [true,true,true]
async function main(input, ctx) {
  return [db === ctx.db, db === sdk.db, Object.isFrozen(db)];
}
