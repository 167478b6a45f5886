// expect: ok {"a":1}
Object.prototype.then = undefined;
export default async () => await call('later', { a: 1 })
