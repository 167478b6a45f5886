// setTimeout and what goes with it. All timers of a run share one alarm of the host: it holds no
// thread, and it is gone with the run.
const timers = (() => {
  const MOST = 1000;
  const LONGEST = 2 ** 31 - 1;
  const mapHas = uncurry(Map.prototype.has);

  // What waits, by number, and linked in the order it is due.
  const live = new MapOf();
  let first = null;
  let last = null;
  let lastNumber = 0;
  // What the host was told: which alarm, for when. Without an alarm nothing waits there.
  let alarm = 0;
  let alarmAt = null;
  let listening = false;
  // The time an alarm has rung for, whatever a clock says that is set back.
  let reached = 0;

  const now = () => {
    const time = hostNow();
    return time > reached ? time : reached;
  };

  const arm = () => {
    const due = first === null ? null : first.due;
    if (due !== alarmAt) {
      alarmAt = due;
      const wait = due === null ? null : due - now();
      hostCallSync("internal.setAlarm", `[${++alarm},${wait !== null && wait < 0 ? 0 : wait}]`);
    }
    if (due === null || listening) return;
    listening = true;
    promiseThen(hostCall("internal.alarm", "[]"), onAlarm);
  };

  const onAlarm = (rung) => {
    listening = false;
    if (rung === alarm && alarmAt !== null) {
      if (alarmAt > reached) reached = alarmAt;
      alarmAt = null;
      // One at a time: what it leaves to be done comes before the next one.
      if (first !== null && first.due <= reached) {
        const { run } = first;
        unlink(first);
        run();
      }
    }
    arm();
  };

  const unlink = (timer) => {
    mapDelete(live, timer.number);
    if (timer.before === null) first = timer.after;
    else timer.before.after = timer.after;
    if (timer.after === null) last = timer.before;
    else timer.after.before = timer.before;
  };

  const add = (run, delay) => {
    if (mapSize(live) >= MOST) throw new RangeErrorOf(`at most ${MOST} timers may wait at a time`);
    const wait = delay >= 1 ? floor(delay < LONGEST ? delay : LONGEST) : 1;
    const timer = { __proto__: null, number: ++lastNumber, due: now() + wait, run, before: last, after: null };
    while (timer.before !== null && timer.before.due > timer.due) timer.before = timer.before.before;
    timer.after = timer.before === null ? first : timer.before.after;
    if (timer.before === null) first = timer;
    else timer.before.after = timer;
    if (timer.after === null) last = timer;
    else timer.after.before = timer;
    mapSet(live, timer.number, timer);
    if (first === timer) arm();
    return timer.number;
  };

  const remove = (number) => {
    if (!mapHas(live, number)) return;
    const timer = mapGet(live, number);
    const wasFirst = first === timer;
    unlink(timer);
    if (wasFirst) arm();
  };

  // Nobody is there to catch it: the line in the log is all there is.
  const guarded = (what, work) => {
    try {
      work();
    } catch (error) {
      hostLog("error", format([`not caught in ${what}:`, error]), null);
    }
  };

  const api = {
    setTimeout(callback, delay = 0, ...values) {
      if (typeof callback !== "function") throw new TypeErrorOf("setTimeout needs a function");
      const wait = +delay;
      return add(() => guarded("a timer", () => apply(callback, undefined, values)), wait);
    },
    clearTimeout(timer = undefined) {
      remove(typeof timer === "string" ? +timer : timer);
    },
    queueMicrotask(callback) {
      if (typeof callback !== "function") throw new TypeErrorOf("queueMicrotask needs a function");
      nativeMicrotask(() => guarded("a microtask", callback));
    },
  };
  language("setTimeout", api.setTimeout);
  language("clearTimeout", api.clearTimeout);
  language("queueMicrotask", api.queueMicrotask);

  // Time that only goes on, in whole milliseconds: finer clocks tell more than a script should know.
  let elapsedLast = 0;
  const elapsed = () => {
    const time = floor(nativeElapsed());
    if (time > elapsedLast) elapsedLast = time;
    return elapsedLast;
  };
  let origin;
  const performance = {
    now: () => elapsed(),
    get timeOrigin() {
      return (origin ??= hostNow() - elapsed());
    },
    toJSON: () => ({ timeOrigin: performance.timeOrigin }),
  };
  // Not by freezeApi: nothing has begun yet, and it would look at the origin.
  freeze(performance.now);
  freeze(performance.toJSON);
  language("performance", freeze(performance));

  return { __proto__: null, add, remove, elapsed, guarded };
})();
