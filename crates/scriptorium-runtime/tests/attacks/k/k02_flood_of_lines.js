// id: K02
// returns: "ended"
// drops: 99000
export default () => { for (let i = 0; i < 100000; i++) console.log(i); return "ended"; };
