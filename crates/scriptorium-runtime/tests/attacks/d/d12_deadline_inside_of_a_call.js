// id: D12
// fails: limit.wall
// limit: wall_ms=60
// within: 3000
// each: await services.demo.wait(60000);
// each: await Promise.all(Array.from({ length: 100 }, () => services.demo.wait(60000)));
// each: await Promise.any([services.demo.wait(60000)]).catch(() => 0);
// each: await new Promise((settled) => setTimeout(settled, 60000));
// each: try { await services.demo.wait(60000); } finally { await services.demo.wait(60000); }
export default async () => { $EACH };
