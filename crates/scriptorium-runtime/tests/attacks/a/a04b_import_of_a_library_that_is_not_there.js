// id: A04b
// fails: script.import
// The neighbour has a library of this name.
import secret from "lib/vault";
export default () => secret;
