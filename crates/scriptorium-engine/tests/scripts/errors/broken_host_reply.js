// expect: ok "SyntaxError"
export default () => call('broken').catch((e) => e.name)
