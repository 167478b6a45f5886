import total, { total as sum } from 'lib/a';
import * as a from "lib/a";
import b from 'lib/b';
export * from 'lib/a';
export { total as again } from 'lib/a';
export default () => sum(a) + total(b);
