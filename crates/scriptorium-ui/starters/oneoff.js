export default async function main(input) {
  const name = input?.name ?? "world";
  console.log(`Hello, ${name}!`);
  return { greeting: `Hello, ${name}!`, at: new Date().toISOString() };
}
