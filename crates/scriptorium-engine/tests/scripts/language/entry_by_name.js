// expect: ok {"hello":"nobody"}
export default async function main(input) { return { hello: input?.name ?? 'nobody' } }
