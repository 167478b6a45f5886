// Calls: the thirtieth Fibonacci number without memory.
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));

export default () => fib(30);
