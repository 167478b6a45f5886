// expect: cancelled the host gave up
// marks: 0
export default async () => { try { await call('fatal') } finally { callSync('mark') } }
