// id: M07
// returns: true
// limit: service_calls=2000
// Numbers of calls are used again: an answer never reaches another call.
export default async () => {
  let right = true;
  for (let round = 0; round < 5; round++) {
    const asked = Array.from({ length: 200 }, async (_, i) => {
      const { args } = await services.demo.echo(round * 1000 + i);
      if (args[0] !== round * 1000 + i) right = false;
    });
    await Promise.all(asked);
  }
  return right;
};
