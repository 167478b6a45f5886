// expect: script.bad_result TypeError
export default () => ({ deep: [1n] })
