// id: I01
// fails: limit.cpu
// limit: cpu_ms=40
// each: /^(a+)+$/.test(a + "!")
// each: /^(a|a)*$/.test(a + "!")
// each: /^(a|aa)+$/.test(a + "!")
// each: /^(a*)*$/.test(a + "!")
// each: /^(?:a?){40}a{40}$/.test(a.slice(0, 40) + "!")
// each: /(.*)*=.*/.test(a + "!")
// each: /^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$/.test(a + "!")
// each: /^(([a-z])+.)+[A-Z]([a-z])+$/.test(a)
// each: /(x+x+)+y/.test("x".repeat(60))
// each: /^(\w+\s?)*$/.test("word ".repeat(20) + "!")
// each: /(?=(a+)+$)b/.test(a + "!")
// each: /(?<=!(a+)+)b/.test(a + "b")
// each: /(?<!!(a+)+)b/.test(a + "b")
// each: /^(a+)\1*\1*\1*$/.test(a.repeat(8) + "!")
// each: /^(?:(?:a+)+)+$/iu.test(a + "!")
// each: /^[\w&&\w]*(?:\w+)*$/v.test(a + "!")
// each: /(.*)+\d\d/s.test(a + "\n")
// each: new RegExp("^" + "(".repeat(20) + "a*" + ")*".repeat(20) + "$").test(a + "!")
// each: (a + "!").match(/^(a+)+$/)
// each: (a + "!").replace(/^(a+)+$/, "")
// each: (a + "!").search(/^(a+)+$/)
// each: (a + "!").split(/(?:a+)+$/)
// each: [...(a + "!").matchAll(/(a+)+$/g)]
const a = "a".repeat(60);
export default () => $EACH;
