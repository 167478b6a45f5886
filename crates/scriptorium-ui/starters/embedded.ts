interface Line {
  price: number;
  quantity: number;
}

export default function main(line: Line) {
  const discount = line.quantity >= 10 ? 0.1 : 0;
  return { discount, total: line.price * line.quantity * (1 - discount) };
}
