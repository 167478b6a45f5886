// expect: ok 1
// marks: 0
export default () => { call('later').then(() => callSync('mark')); return 1 }
