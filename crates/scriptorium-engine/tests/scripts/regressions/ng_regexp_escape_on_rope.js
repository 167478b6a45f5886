// expect: ok true
export default () => { const a = 'x'.repeat(3000), b = 'y.'.repeat(3000); return RegExp.escape(a + b).length > 9000 }
