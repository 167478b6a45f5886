// id: C12f
// fails: limit.cpu
// limit: cpu_ms=50
export default () => { Promise.reject({ get message() { for (;;); } }); return 1; };
