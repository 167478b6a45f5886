// id: A04e
// fails: script.import
// A name of a library is looked up as it is written: nothing in it leads elsewhere.
// each: import "lib/%2e%2e/x";
// each: import "lib/../lib/x";
// each: import nul from "lib/a\0b";
// each: import up from "lib/../../etc/passwd";
// each: import other from "lib/neighbour/vault";
// each: import folded from "lib/VAULT";
$EACH
export default () => 1;
