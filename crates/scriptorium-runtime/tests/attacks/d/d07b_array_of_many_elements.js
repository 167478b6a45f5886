// id: D07b
// returns: 70000
// repeat: 70000
export default () => [«1,»].length;
