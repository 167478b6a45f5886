// expect: script.never_settled
export default () => ({ then() {} })
