// expect: script.threw {"a":1}
export default () => { throw { a: 1 } }
