// expect: ok ["TypeError","TypeError","TypeError"]
export default function main() {
  const read = (f, key) => { try { return f[key] ?? null } catch (e) { return e.name } };
  return [read(call, 'caller'), read(call, 'arguments'), read(main, 'caller')];
}
