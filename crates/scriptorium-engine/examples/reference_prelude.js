// What the reference script finds in its world: fifteen host functions in nested frozen objects.
const { stringify } = JSON;
const service = (name) => Object.freeze(Object.fromEntries(
  ['get', 'list', 'create', 'update', 'remove'].map((method) =>
    [method, (...args) => host.call(`${name}.${method}`, stringify(args))])));
globalThis.services = Object.freeze({ clients: service('clients'), orders: service('orders'), stock: service('stock') });
return { enter: (entry, input) => entry(input) };
