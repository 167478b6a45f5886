const a = input?.a ?? 1;
if (a) /x/.test(a)
`${a / 2}`
