// expect: ok ["a","b"]
export default () => Reflect.ownKeys(new Proxy({}, { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }) }))
