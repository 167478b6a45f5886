// expect: ok [1,2,3,3,[1],"18446744073709551616","d",1]
class A { #x = 1; static { A.y = 2 } get x() { return this.#x } static #p() { return 3 } static p() { return A.#p() } }
export default () => [new A().x, A.y, A.p(), [1, 2, 3].at(-1), Object.groupBy([1, 2], (n) => n % 2 ? 'odd' : 'even').odd, 2n ** 64n + '', null ?? 'd', { a: { b: 1 } }?.a?.b]
