// id: A04a
// fails: script.forbidden
// each: import * as std from "std";
// each: import * as os from "qjs:os";
// each: import fs from "node:fs";
// each: import fs from "file:///etc/passwd";
// each: import code from "data:text/javascript,1";
// each: import passwd from "/etc/passwd";
// each: import up from "../secret.js";
// each: export * from "os";
// each: import prelude from "<prelude>";
// each: import script from "script";
$EACH
export default () => 1;
