// expect: ok ["Error","PERMISSION_DENIED","not yours","id",7,true]
export default async () => {
  try { await call('fail') } catch (e) { return [e.name, e.code, e.message, e.field, e.details.id, e instanceof Error] }
}
