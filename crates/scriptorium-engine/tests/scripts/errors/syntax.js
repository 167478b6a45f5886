// expect: script.syntax SyntaxError
// at: 4:11
export default () => {
  let x = ;
}
