// returns: [true,true,true,false,false]
function main() {
  const { permissions } = context.user;
  return ["reports.view", "demo.secret", "scripts.read", "tenants.manage", "*"].map((name) => permissions.includes(name));
}
