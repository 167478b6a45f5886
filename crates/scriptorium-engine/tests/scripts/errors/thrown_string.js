// expect: script.threw just text
export default () => { throw 'just text' }
