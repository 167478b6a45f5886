// expect: script.threw a symbol was thrown
export default () => { throw Symbol('x') }
