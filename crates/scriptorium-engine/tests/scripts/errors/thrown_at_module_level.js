// expect: script.threw ReferenceError: missing is not defined
// at: 3:1
missing();
export default () => 1
