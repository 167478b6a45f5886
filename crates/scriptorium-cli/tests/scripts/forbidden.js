function main() {
  return eval("6 * 7");
}
