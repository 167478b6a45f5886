// 300,000 objects, of which the last thousand stay alive.
export default function () {
  const alive = new Array(1000);
  let sum = 0;
  for (let i = 0; i < 300_000; i++) {
    const object = { id: i, name: "object", place: { x: i & 15, y: i >> 4 }, next: alive[(i * 31) % 1000] };
    object.next = object.next && null;
    alive[i % 1000] = object;
    sum = (sum + object.place.x * object.place.y) | 0;
  }
  return alive.reduce((all, object) => (all + object.id) | 0, sum);
}
