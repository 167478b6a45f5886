// expect: script.threw ReferenceError
// at: 3:37
export default () => 'ыыы' + '😀' + missing
