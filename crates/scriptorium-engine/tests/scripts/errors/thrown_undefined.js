// expect: script.threw undefined
export default () => { throw undefined }
