// expect: ok "xxxxxxxx"
// limits: output=10
export default () => 'x'.repeat(8)
