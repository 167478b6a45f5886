// expect: script.threw TypeError: the default export is not a function
export default 5
