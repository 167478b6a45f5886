// id: A04d
// fails: script.forbidden
// repeat: 200000
import x from "«x»";
export default () => x;
