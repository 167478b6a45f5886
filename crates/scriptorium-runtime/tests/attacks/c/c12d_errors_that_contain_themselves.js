// id: C12d
// fails: script.threw
// message: x
// each: (() => { const own = new AggregateError([], "x"); own.errors.push(own); own.cause = own; own.details = own; return own; })()
// each: (() => { const own = new SuppressedError(1, 2, "x"); own.error = own.suppressed = own; return own; })()
export default () => { throw $EACH; };
