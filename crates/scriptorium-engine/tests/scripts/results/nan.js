// expect: ok null
export default () => NaN
