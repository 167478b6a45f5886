// expect: limit.api_calls
// limits: io=10 service=10
// hit: waiting_calls 1044
export default () => { for (;;) call('never'); }
