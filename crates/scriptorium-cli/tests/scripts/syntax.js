function main(input) {
  const sum = 1;
  return sum +;
}
