// id: D06f
// returns: 1
// repeat: 40000
const a = 1;
export default () => (a«,a»);
