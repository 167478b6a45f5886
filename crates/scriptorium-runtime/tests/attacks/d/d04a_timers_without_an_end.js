// id: D04a
// fails: limit.wall
// limit: wall_ms=60
export default async () => { const again = () => setTimeout(again, 0); again(); await new Promise(() => {}); };
