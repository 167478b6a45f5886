// id: H07
// returns: "ended"
// never-logs: late
export default async () => {
  const open = [];
  async function* numbers() { try { for (let i = 0; ; i++) yield await services.demo.echo(i); } finally { console.log("late"); } }
  for (let i = 0; i < 50; i++) { const one = numbers(); open.push(one); await one.next(); }
  return "ended";
};
