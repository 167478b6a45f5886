// expect: script.bad_result TypeError: the result is a symbol
export default () => Symbol('x')
