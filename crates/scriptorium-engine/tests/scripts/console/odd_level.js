// expect: ok null
// line: info odd
// line: info ���
export default () => { log('shout', 'odd', null); log('info', '\ud800', null); }
