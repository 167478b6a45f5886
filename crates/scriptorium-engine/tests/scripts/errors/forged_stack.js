// expect: script.threw Error: forged
// frame: default 4:38
Error.stackTraceLimit = Infinity;
export default () => { const e = new Error('forged'); Object.defineProperty(e, 'stack', { value: '    at forged (script.js:1:1)\n    at (script.js:x:y)\n    at x (elsewhere.js:1:1)' }); throw e }
