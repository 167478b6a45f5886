// expect: script.bad_result TypeError: the result is a function
export default () => () => 1
