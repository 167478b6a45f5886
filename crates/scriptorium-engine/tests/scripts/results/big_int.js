// expect: script.bad_result TypeError
export default () => 1n
