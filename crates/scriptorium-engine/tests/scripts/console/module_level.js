// expect: ok null
// line: info loading
console.log('loading');
export default () => {}
