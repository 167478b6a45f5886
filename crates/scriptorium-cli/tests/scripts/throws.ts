interface Input {
  price: number;
}

type Money = { amount: number };

// Types of several lines come before the place, so that a map is needed to find it again.
function money({ price }: Input): Money {
  if (price < 0) {
    throw new RangeError("a price is not negative");
  }
  return { amount: price };
}

export default function main(input: Input): Money {
  return money(input);
}
