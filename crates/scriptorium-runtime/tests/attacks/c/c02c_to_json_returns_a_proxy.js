// id: C02c
// returns: {"a":1}
export default () => ({ toJSON: () => new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: () => 1 }) });
