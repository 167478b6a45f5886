/**
 * Hello: the smallest useful script.
 *
 * Trigger: by hand (type `oneoff`), in the browser or with
 *   scriptorium run examples/scripts/hello.ts --input '{"name":"Ada"}'
 */

interface Input {
  name?: string;
}

interface Greeting {
  greeting: string;
}

export default function hello(input: Input | null): Greeting {
  const name = input?.name?.trim() || "world";
  console.log(`greeting ${name}`);
  return { greeting: `Hello, ${name}!` };
}
