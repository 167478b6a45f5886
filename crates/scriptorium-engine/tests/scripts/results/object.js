// expect: ok {"a":1,"b":[true,"ы",null]}
export default () => ({ a: 1, b: [true, 'ы', null], c: undefined })
