// expect: ok "\ufffd"
export default () => '\ud800'
