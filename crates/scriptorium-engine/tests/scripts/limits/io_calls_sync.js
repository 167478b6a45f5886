// expect: limit.api_calls
// limits: io=2
// hit: io_calls 2
export default () => { for (;;) callSync('io.echo', 1); }
