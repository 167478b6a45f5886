// expect: ok true
export default () => {
  for (let i = 0; i < 20_000; i++) { function* g() { const me = it; yield me } var it = g(); it.next(); it = null }
  return true;
}
