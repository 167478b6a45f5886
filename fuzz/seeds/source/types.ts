interface A { a: string; b?(): void }
type B<T> = T extends (infer U)[] ? U : keyof T;
function f<const T>(this: A, a: T, ...b: unknown[]): asserts a is T & {} { return a as any satisfies B<T> }
const x = <T,>(a: T): T => a!;
let y = f<string>;
abstract class C implements A { abstract a: string }
export default async function main(input: A, ctx: { n: `${number}px` }): Promise<void> { for (const k in input) f(k) }
