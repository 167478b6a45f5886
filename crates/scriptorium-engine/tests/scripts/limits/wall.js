// expect: limit.wall the wall limit of 60 ms was exceeded
// limits: wall=60ms
// hit: wall 60
export default () => call('never')
