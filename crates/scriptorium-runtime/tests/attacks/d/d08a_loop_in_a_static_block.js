// id: D08a
// fails: limit.cpu
// limit: cpu_ms=40
class Own { static { for (;;); } }
export default () => Own;
