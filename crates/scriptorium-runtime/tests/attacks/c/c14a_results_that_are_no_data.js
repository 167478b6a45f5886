// id: C14a
// fails: script.bad_result
// each: () => 1
// each: class {}
// each: Symbol("x")
// each: 1n
// each: ({ a: [1n] })
// each: storage.get
export default () => $EACH;
