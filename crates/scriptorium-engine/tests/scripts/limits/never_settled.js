// expect: script.never_settled
export default () => new Promise(() => {})
