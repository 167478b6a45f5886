// expect: ok {"a":1}
JSON.stringify = () => 'forged'; export default () => ({ a: 1 })
