// id: D04c
// fails: limit.wall
// limit: wall_ms=60
export default async () => { for (;;) await new Promise((settled) => setTimeout(settled, 1)); };
