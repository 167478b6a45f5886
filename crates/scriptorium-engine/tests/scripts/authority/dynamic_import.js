// expect: ok [12,13]
const names = ['std', 'os', 'qjs:std', 'qjs:os', 'node:fs', 'file:///etc/passwd', 'data:text/javascript,1', '/etc/passwd', '../x.js', 'script.js', '<prelude>', 'a\0b', 'x'.repeat(1 << 20)];
export default async () => {
  let refused = 0;
  for (const name of names) await import(name).then(() => 0, (e) => { if (e instanceof ReferenceError || e instanceof TypeError) refused++ });
  return [refused, names.length];
}
