// fails: script.threw
// message: TypeError: no order
// at: 12:13
// stack: at check (script:12:13) | at main (script:17:21)
interface Order {
  id: string;
  lines: Array<{ sku: string; quantity: number }>;
}

function check(order: Order | null): asserts order is Order {
  if (order === null) {
  throw new TypeError("no order");
  }
}

export default function main(input: unknown): number {
  return void check(null as Order | null) as unknown as number;
}
