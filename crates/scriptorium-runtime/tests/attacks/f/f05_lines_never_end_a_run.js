// id: F05
// returns: "ended"
// limit: memory_bytes=4194304
// drops: 4000
export default () => { for (let i = 0; i < 5000; i++) console.log(i); return "ended"; };
