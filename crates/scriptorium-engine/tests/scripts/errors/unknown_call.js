// expect: ok "UNKNOWN_CALL"
export default () => call('nothing.like.it').catch((e) => e.code)
