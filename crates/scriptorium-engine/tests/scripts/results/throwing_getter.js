// expect: script.bad_result RangeError: mine
export default () => ({ get x() { throw new RangeError('mine') } })
