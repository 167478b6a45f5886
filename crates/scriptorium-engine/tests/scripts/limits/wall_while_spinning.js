// expect: limit.wall
// limits: wall=60ms
// hit: wall 60
export default () => { for (;;); }
