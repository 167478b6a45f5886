// expect: script.syntax ReferenceError: could not load module
import fs from 'std';
export default () => fs
