// expect: ok 1
export default async () => 1
