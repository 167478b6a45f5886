// kind: scheduled
// returns: ["scheduled",null]
function main() {
  return [context.script.type, context.trigger.cronExpression];
}
