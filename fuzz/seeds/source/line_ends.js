//   a
function main() {  return 'привет 😀' +  x
}
// end