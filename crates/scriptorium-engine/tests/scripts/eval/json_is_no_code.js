// expect: ok true
export default () => JSON.parse('{"__proto__":{"x":1}}').x === undefined
