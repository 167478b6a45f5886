// Four bodies that attract each other, in floating point.
const body = (x, y, z, vx, vy, vz, mass) => ({ x, y, z, vx, vy, vz, mass });

function step(bodies, time) {
  for (let i = 0; i < bodies.length; i++) {
    const one = bodies[i];
    for (let j = i + 1; j < bodies.length; j++) {
      const other = bodies[j];
      const dx = one.x - other.x;
      const dy = one.y - other.y;
      const dz = one.z - other.z;
      const square = dx * dx + dy * dy + dz * dz + 0.01;
      const pull = time / (square * Math.sqrt(square));
      one.vx -= dx * other.mass * pull;
      one.vy -= dy * other.mass * pull;
      one.vz -= dz * other.mass * pull;
      other.vx += dx * one.mass * pull;
      other.vy += dy * one.mass * pull;
      other.vz += dz * one.mass * pull;
    }
  }
  for (const one of bodies) {
    one.x += time * one.vx;
    one.y += time * one.vy;
    one.z += time * one.vz;
  }
}

export default function () {
  const bodies = [
    body(0, 0, 0, 0, 0, 0, 40),
    body(5, 1, -0.1, 0.6, 2.8, 0.02, 0.04),
    body(8, 4, -0.4, -1, 1.8, 0.008, 0.01),
    body(-12, 15, 0.2, -1.1, -0.8, 0.01, 0.002),
  ];
  for (let i = 0; i < 20_000; i++) step(bodies, 0.001);
  return bodies.map(({ x, y, z }) => [x, y, z]);
}
