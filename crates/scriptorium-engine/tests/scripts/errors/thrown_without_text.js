// expect: script.threw something was thrown that has no text
export default () => { throw { toString() { throw 1 }, toJSON() { throw 1 } } }
