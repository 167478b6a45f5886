// expect: cancelled the host gave up
// marks: 0
export default async () => { try { await call('fatalLater') } finally { callSync('mark') } }
