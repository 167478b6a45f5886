// returns: [true,true,true,true,true,true,true,true,true,true]
function main(input, given) {
  return [
    given === ctx,
    ctx.storage === storage && sdk.storage === storage,
    ctx.events === events && sdk.events === events,
    ctx.http === http && sdk.http === http,
    ctx.utils === utils && sdk.utils === utils,
    ctx.services === services && sdk.services === services,
    ctx.console === console && sdk.console === console,
    ctx.logger === sdk.log,
    ctx.tenant === context.tenant && sdk.context === context,
    events.publish !== events.emit && typeof ctx.budget === "function",
  ];
}
