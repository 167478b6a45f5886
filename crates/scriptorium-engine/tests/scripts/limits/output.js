// expect: limit.output
// limits: output=1KiB
// hit: output 1024
export default () => 'x'.repeat(1023)
