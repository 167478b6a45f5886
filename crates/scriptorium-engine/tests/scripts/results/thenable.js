// expect: ok 7
export default () => ({ then: (ok) => ok(7) })
