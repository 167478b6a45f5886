// input: {"n":1}
// returns: {"tenant":["id","name","slug","domain"],"name":"Default","user":["ada@example.com","Ada Lovelace","Ada","Lovelace","en"],"script":["test script","oneoff",1],"execution":["manual","manual",1,false],"flat":[true,true,null,true,true],"input":{"n":1},"trigger":{"type":"manual","cronExpression":null,"plannedAt":null,"eventType":null,"eventPayload":null,"httpRequest":null},"rest":[null,null,"request-1","en","Asia/Tashkent"]}
function main() {
  const c = context;
  return {
    tenant: Object.keys(c.tenant).sort((a, b) => ["id", "name", "slug", "domain"].indexOf(a) - ["id", "name", "slug", "domain"].indexOf(b)),
    name: c.tenant.name,
    user: [c.user.email, c.user.name, c.user.firstName, c.user.lastName, c.user.locale],
    script: [c.script.name, c.script.type, c.script.version],
    execution: [c.execution.trigger, c.execution.triggeredBy, c.execution.attempt, c.execution.test],
    flat: [c.tenantId === c.tenant.id, c.userId === c.user.id, c.organizationId, c.scriptId === c.script.id, c.executionId === c.execution.id],
    input: c.input,
    trigger: { type: c.trigger.type, cronExpression: c.trigger.cronExpression, plannedAt: c.trigger.plannedAt, eventType: c.trigger.eventType, eventPayload: c.trigger.eventPayload, httpRequest: c.trigger.httpRequest },
    rest: [c.event, c.request, c.requestId, c.locale, c.timezone],
  };
}
