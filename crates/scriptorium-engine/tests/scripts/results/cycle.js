// expect: script.bad_result TypeError: circular
export default () => { const a = {}; a.a = a; return a }
