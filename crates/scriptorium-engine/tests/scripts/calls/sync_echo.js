// expect: ok [1]
export default () => callSync('echo', [1])
