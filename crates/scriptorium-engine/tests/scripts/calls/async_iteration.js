// expect: ok [0,1,2]
async function* pages() { for (let i = 0; i < 3; i++) yield await call('later', i) }
export default async () => { const all = []; for await (const page of pages()) all.push(page); return all }
