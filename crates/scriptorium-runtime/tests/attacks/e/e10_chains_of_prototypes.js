// id: E10
// fails: limit.cpu
// limit: cpu_ms=100
// each: for (;;) deep.missing
// each: for (;;) "missing" in deep
// each: for (;;) deep instanceof Other
// each: for (;;) for (const key in deep) ;
export default () => {
  class Other {}
  let deep = {};
  for (let i = 0; i < 20000; i++) deep = Object.create(deep);
  $EACH;
};
