// expect: limit.cpu the cpu limit of 100 ms was exceeded
// limits: cpu=100ms
// hit: cpu 100
export default () => { for (;;); }
