// permissions: scripts.read reports.view
// returns: {"has":true,"not":false,"all":["reports.view","scripts.read"]}
function main() {
  const { permissions } = context.user;
  return { has: permissions.includes("reports.view"), not: permissions.includes("scripts.delete"), all: [...permissions].sort() };
}
