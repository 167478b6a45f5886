// id: K10
// returns: "xxxxxxxx"
// limit: output_bytes=10
export default () => "x".repeat(8);
