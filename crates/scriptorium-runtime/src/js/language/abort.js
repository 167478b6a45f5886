// Event, EventTarget, AbortController and AbortSignal.
const signals = (() => {
  // What only this file can give: a constructor that is not for scripts asks for it.
  const OURS = Symbol();

  let inside;
  class Event {
    #state;
    constructor(type, options = undefined) {
      if (arguments.length === 0) throw new TypeErrorOf("Event needs a type");
      this.#state = {
        __proto__: null,
        type: `${type}`,
        cancelable: !!options?.cancelable,
        bubbles: !!options?.bubbles,
        time: timers.elapsed(),
        target: null,
        dispatched: false,
        stopped: false,
        prevented: false,
      };
    }
    static {
      inside = (event) => {
        if (typeof event !== "object" || event === null || !(#state in event)) throw new TypeErrorOf("dispatchEvent needs an Event");
        return event.#state;
      };
      append(brands, { __proto__: null, name: "Event", is: (value) => #state in value, text: (event) => `{ type: ${stringify(event.#state.type)} }` });
    }
    get type() {
      return this.#state.type;
    }
    get target() {
      return this.#state.target;
    }
    get currentTarget() {
      return this.#state.dispatched ? this.#state.target : null;
    }
    get bubbles() {
      return this.#state.bubbles;
    }
    get cancelable() {
      return this.#state.cancelable;
    }
    get defaultPrevented() {
      return this.#state.prevented;
    }
    get timeStamp() {
      return this.#state.time;
    }
    preventDefault() {
      if (this.#state.cancelable) this.#state.prevented = true;
    }
    stopPropagation() {}
    stopImmediatePropagation() {
      this.#state.stopped = true;
    }
  }

  let dispatch;
  class EventTarget {
    #listeners = null;
    static {
      append(brands, { __proto__: null, name: "EventTarget", is: (value) => #listeners in value, text: () => "{}" });
      dispatch = (target, event) => {
        const state = inside(event);
        if (state.dispatched) throw new DOMExceptionOf("the event is being dispatched already", "InvalidStateError");
        state.target = target;
        state.dispatched = true;
        // Who listens now; listeners that come later wait for the next event.
        const now = [];
        for (let one = target.#listeners; one !== null; one = one.next) if (one.type === state.type) append(now, one);
        for (let i = 0; i < now.length && !state.stopped; i++) {
          const listener = now[i];
          if (listener.removed) continue;
          if (listener.once) target.#remove(listener);
          timers.guarded("a listener", () => {
            const { callback } = listener;
            if (typeof callback === "function") return apply(callback, target, [event]);
            const { handleEvent } = callback;
            if (typeof handleEvent !== "function") throw new TypeErrorOf("a listener has no handleEvent function");
            return apply(handleEvent, callback, [event]);
          });
        }
        state.dispatched = false;
        state.stopped = false;
        return !state.prevented;
      };
    }
    addEventListener(type, callback, options = undefined) {
      type = `${type}`;
      if (callback === null || callback === undefined) return;
      if (typeof callback !== "function" && typeof callback !== "object") throw new TypeErrorOf("addEventListener needs a function");
      const settings = typeof options === "object" && options !== null ? options : { __proto__: null, capture: options };
      const capture = !!settings.capture;
      const once = !!settings.once;
      const { signal } = settings;
      if (signal !== undefined && (!isSignal(signal) || aborted(signal))) {
        if (isSignal(signal)) return;
        throw new TypeErrorOf("the signal of a listener must be an AbortSignal");
      }
      let last = null;
      for (let one = this.#listeners; one !== null; one = one.next) {
        if (one.type === type && one.callback === callback && one.capture === capture) return;
        last = one;
      }
      const listener = { __proto__: null, type, callback, capture, once, removed: false, next: null };
      if (last === null) this.#listeners = listener;
      else last.next = listener;
      if (signal !== undefined) onAbort(signal, () => this.#remove(listener));
    }
    removeEventListener(type, callback, options = undefined) {
      type = `${type}`;
      const capture = !!(typeof options === "object" && options !== null ? options.capture : options);
      for (let one = this.#listeners; one !== null; one = one.next) {
        if (one.type === type && one.callback === callback && one.capture === capture) return this.#remove(one);
      }
    }
    dispatchEvent(event) {
      return dispatch(this, event);
    }
    #remove(listener) {
      listener.removed = true;
      if (this.#listeners === listener) {
        this.#listeners = listener.next;
        return;
      }
      for (let one = this.#listeners; one !== null; one = one.next) {
        if (one.next === listener) {
          one.next = listener.next;
          return;
        }
      }
    }
  }

  const listen = uncurry(EventTarget.prototype.addEventListener);

  let isSignal;
  let aborted;
  let abort;
  let onAbort;
  let reasonOf;
  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason = undefined;
    // What is to be done when it aborts, before anybody who listens.
    #work = [];
    // Signals that abort because this one does.
    #followers = [];
    #handler = null;
    constructor(key = undefined) {
      if (key !== OURS) throw new TypeErrorOf("an AbortSignal comes from an AbortController, or from AbortSignal.timeout, any or abort");
      super();
    }
    static {
      isSignal = (value) => typeof value === "object" && value !== null && #aborted in value;
      aborted = (signal) => signal.#aborted;
      reasonOf = (signal) => signal.#reason;
      onAbort = (signal, work) => append(signal.#work, work);
      append(brands, { __proto__: null, name: "AbortSignal", is: isSignal, text: (signal) => `{ aborted: ${signal.#aborted} }` });
      abort = (signal, reason) => {
        const waiting = [signal];
        const marked = [];
        // All of them are aborted before anything of a script runs.
        for (let i = 0; i < waiting.length; i++) {
          const one = waiting[i];
          if (one.#aborted) continue;
          one.#aborted = true;
          one.#reason = reason;
          append(marked, one);
          for (let j = 0; j < one.#followers.length; j++) append(waiting, one.#followers[j]);
          one.#followers = [];
        }
        for (let i = 0; i < marked.length; i++) {
          const work = marked[i].#work;
          marked[i].#work = [];
          for (let j = 0; j < work.length; j++) work[j](reason);
          dispatch(marked[i], new Event("abort"));
        }
      };
    }
    static abort(reason = undefined) {
      const signal = new AbortSignal(OURS);
      signal.#aborted = true;
      signal.#reason = reason === undefined ? aborting() : reason;
      return signal;
    }
    static timeout(millis) {
      const wait = +millis;
      if (!(wait >= 0 && wait <= 2 ** 53)) throw new TypeErrorOf("AbortSignal.timeout needs a number of milliseconds");
      const signal = new AbortSignal(OURS);
      timers.add(() => abort(signal, new DOMExceptionOf("the time is up", "TimeoutError")), wait);
      return signal;
    }
    static any(sources) {
      const list = [];
      for (const source of sources) {
        if (!isSignal(source)) throw new TypeErrorOf("AbortSignal.any needs a list of AbortSignals");
        append(list, source);
      }
      const signal = new AbortSignal(OURS);
      for (let i = 0; i < list.length; i++) {
        if (list[i].#aborted) {
          signal.#aborted = true;
          signal.#reason = list[i].#reason;
          return signal;
        }
      }
      for (let i = 0; i < list.length; i++) append(list[i].#followers, signal);
      return signal;
    }
    get aborted() {
      return this.#aborted;
    }
    get reason() {
      return this.#reason;
    }
    get onabort() {
      return this.#handler === null ? null : this.#handler.callback;
    }
    set onabort(callback) {
      const usable = typeof callback === "function" ? callback : null;
      if (this.#handler !== null) {
        this.#handler.callback = usable;
        return;
      }
      const handler = { __proto__: null, callback: usable };
      this.#handler = handler;
      listen(this, "abort", (event) => handler.callback !== null && apply(handler.callback, this, [event]));
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }
  }
  const aborting = () => new DOMExceptionOf("the operation was aborted", "AbortError");

  class AbortController {
    #signal = new AbortSignal(OURS);
    static {
      append(brands, { __proto__: null, name: "AbortController", is: (value) => #signal in value, text: () => "{}" });
    }
    get signal() {
      return this.#signal;
    }
    abort(reason = undefined) {
      abort(this.#signal, reason === undefined ? aborting() : reason);
    }
  }

  language("Event", Event);
  language("EventTarget", EventTarget);
  language("AbortController", AbortController);
  language("AbortSignal", AbortSignal);

  return { __proto__: null, isSignal, aborted, onAbort, reasonOf };
})();
