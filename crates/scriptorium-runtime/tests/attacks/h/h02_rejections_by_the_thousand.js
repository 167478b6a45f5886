// id: H02
// returns: "ended"
export default async () => { for (let i = 0; i < 5000; i++) Promise.reject(i); await null; return "ended"; };
