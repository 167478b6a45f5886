// expect: ok null
export default () => null
