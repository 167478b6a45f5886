// expect: ok true
export default () => !/\{[^[]*[a-z]/.test(Function.prototype.toString.call(log)) && /native code/.test(log.toString())
