// id: D04b
// fails: limit.wall
// limit: wall_ms=60
// limit: service_calls=1000000
export default async () => {
  const ping = async () => { await services.demo.wait(0); await pong(); }, pong = async () => { await services.demo.wait(0); await ping(); };
  await ping();
};
