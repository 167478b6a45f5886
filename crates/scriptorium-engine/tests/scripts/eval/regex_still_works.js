// expect: ok true
export default () => new RegExp('a+').test('caat')
