// expect: ok {"a":1}
Promise.prototype.then = () => { throw 1 }; export default async () => ({ a: 1 })
