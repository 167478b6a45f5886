// expect: limit.cpu
// limits: cpu=60ms
// line: info before
export default () => { console.log('before'); for (;;); }
