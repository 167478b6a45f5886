// expect: ok [10,30,1,2,3]
export default () => [...[1, 2, 3, 4].values().filter((n) => n % 2).map((n) => n * 10)].concat([...new Set([1, 2]).union(new Set([3]))])
