// expect: script.threw null
export default () => { throw null }
