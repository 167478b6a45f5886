// expect: ok null
// line: info a 1 true
// line: warn careful
// line: error [object Object]
// line: debug ы
// line: progress half{"done":50}
export default () => {
  console.log('a', 1, true);
  console.warn('careful');
  console.error({});
  console.debug('ы');
  log('progress', 'half', '{"done":50}');
}
