// expect: ok [1,{"x":"y"}]
// args: [1, {"x":"y"}]
export default (...args) => args
