// Two matrices of 120 by 120 multiplied, in typed arrays.
const SIZE = 120;

export default function () {
  const fill = (factor) => Float64Array.from({ length: SIZE * SIZE }, (_, i) => ((i * factor) % 17) / 4);
  const left = fill(3);
  const right = fill(5);
  const product = new Float64Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let sum = 0;
      for (let i = 0; i < SIZE; i++) sum += left[row * SIZE + i] * right[i * SIZE + column];
      product[row * SIZE + column] = sum;
    }
  }
  return product.reduce((sum, value) => sum + value, 0);
}
