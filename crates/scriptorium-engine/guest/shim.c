/* The guest's side of the sandbox: one QuickJS-NG context that is set up when the
 * snapshot is made, entered once per execution, and re-entered when host calls have
 * answered. It holds no policy: limits and permissions are the host's.
 *
 * This unit includes quickjs.c, because it reaches what the public interface hides:
 * the stack limit, the random state, the eval entry, settling a promise directly. */

#include "numbers.h"
#include "quickjs.c"

#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(name)))

/* ---- what the host offers ------------------------------------------------------- */

/* Texts the host hands in, by number; a call's reply is the last of them. */
enum { ARG_PRELUDE = 0, ARG_OPTIONS = 1, ARG_CODE = 0, ARG_NAME = 1, ARG_LIBRARIES = 2,
       ARG_PROGRAM = 0, ARG_INPUT = 1, ARG_REPLY = 2 };
IMPORT(arg_len) extern uint32_t host_arg_len(uint32_t index);
IMPORT(arg_copy) extern void host_arg_copy(uint32_t index, void *to);

/* Both calls answer PENDING, or the reply's length times two, plus one for an error. */
#define PENDING (-1)
IMPORT(call) extern int32_t host_call(uint32_t id, const char *name, size_t name_len, const char *args, size_t args_len);
IMPORT(call_sync) extern int32_t host_call_sync(const char *name, size_t name_len, const char *args, size_t args_len);
/* The next host call that has answered: its id above, length and error bit below; or -1. */
IMPORT(next) extern int64_t host_next(void);
IMPORT(log) extern void host_log(uint32_t level, const char *message, size_t message_len, const char *data, size_t data_len);
/* Microseconds since the Unix epoch. */
IMPORT(now) extern double host_now(void);
IMPORT(output) extern void host_output(const void *data, size_t len);
enum { FAIL_THREW = 0, FAIL_BAD_RESULT = 1, FAIL_SYNTAX = 2 };
IMPORT(fail) extern void host_fail(uint32_t kind, const char *message, size_t message_len,
                                   const char *stack, size_t stack_len, const char *details, size_t details_len);
IMPORT(out_of_memory) extern _Noreturn void host_out_of_memory(size_t asked);

/* ---- what the C library would take from an operating system --------------------- */

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    (void)zone;
    int64_t us = (int64_t)host_now();
    tv->tv_sec = us / 1000000;
    tv->tv_usec = us % 1000000;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts) {
    (void)clock;
    int64_t us = (int64_t)host_now();
    ts->tv_sec = us / 1000000;
    ts->tv_nsec = (us % 1000000) * 1000;
    return 0;
}

/* There is one time zone inside: UTC. */
struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm) {
    (void)t;
    memset(tm, 0, sizeof(*tm));
    return tm;
}

/* Nothing can be written to: the calls behind stdio, answered with EBADF here, so that
 * the module does not ask its host for them. */
#define NO_FILE 8
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t iov, int32_t n, int32_t out) {
    (void)fd; (void)iov; (void)n; (void)out;
    return NO_FILE;
}
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t out) {
    (void)fd; (void)offset; (void)whence; (void)out;
    return NO_FILE;
}
int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t fd, int32_t out) {
    (void)fd; (void)out;
    return NO_FILE;
}
int close(int fd) {
    (void)fd;
    return 0;
}

_Noreturn void abort(void) { __builtin_trap(); }
_Noreturn void __assert_fail(const char *expr, const char *file, int line, const char *func) {
    (void)expr; (void)file; (void)line; (void)func;
    __builtin_trap();
}

/* ---- memory ------------------------------------------------------------------------ */

#include "heap.h"

static void *guest_calloc(void *opaque, size_t count, size_t size) { (void)opaque; return heap_calloc(count, size); }
static void *guest_malloc(void *opaque, size_t size) { (void)opaque; return heap_alloc(size); }
static void guest_free(void *opaque, void *p) { (void)opaque; heap_free(p); }
static void *guest_realloc(void *opaque, void *p, size_t size) { (void)opaque; return heap_realloc(p, size); }

static const JSMallocFunctions guest_malloc_functions = {
    guest_calloc, guest_malloc, guest_free, guest_realloc, heap_usable,
};

/* ---- state: part of the snapshot --------------------------------------------------- */

/* The frames' share of the shadow stack that the check leaves for C code between checks. */
#define STACK_RESERVE (48 * 1024)
extern char __stack_low;

/* Free memory in the snapshot. */
#define HEAP_SLACK (256 * 1024)

enum phase { PHASE_LOADED, PHASE_MODULE, PHASE_RESULT, PHASE_ENDED };
enum status { STATUS_PENDING = 0, STATUS_ENDED = 1, STATUS_READY = 2 };

static JSRuntime *rt;
static JSContext *ctx;
static JSValue enter_function;

static enum phase phase;
static JSValue program;          /* the module, until it is evaluated */
static JSModuleDef *module;
static JSValue waiting_for;      /* the promise of the current phase */
static JSValue *calls;           /* promises of host calls by id; undefined once settled */
static uint32_t calls_len, calls_cap;
static size_t snapshot_heap;     /* bytes of the heap in use when the snapshot was made */

/* ---- helpers ------------------------------------------------------------------------ */

static char *take_arg(uint32_t index, size_t *len) {
    *len = host_arg_len(index);
    char *text = heap_alloc(*len + 1);
    host_arg_copy(index, text);
    text[*len] = '\0';
    return text;
}

static void swallow(void) { JS_FreeValue(ctx, JS_GetException(ctx)); }

/* An own or inherited property as a value; undefined when reading it throws. */
static JSValue get_quietly(JSValueConst object, const char *key) {
    JSValue v = JS_GetPropertyStr(ctx, object, key);
    if (JS_IsException(v)) {
        swallow();
        return JS_UNDEFINED;
    }
    return v;
}

static const char *to_text_quietly(JSValueConst v, size_t *len) {
    const char *text = JS_ToCStringLen(ctx, len, v);
    if (!text) {
        swallow();
        *len = 0;
    }
    return text;
}

/* ---- failures ------------------------------------------------------------------------ */

/* "Name: message" for what looks like an error; JSON or text for anything else. */
static JSValue describe(JSValueConst thrown) {
    if (!JS_IsObject(thrown))
        return JS_IsSymbol(thrown) ? JS_NewString(ctx, "a symbol was thrown") : JS_ToString(ctx, thrown);
    JSValue message = get_quietly(thrown, "message");
    if (!JS_IsError(thrown) && !JS_IsString(message)) {
        JS_FreeValue(ctx, message);
        JSValue json = JS_JSONStringify(ctx, thrown, JS_UNDEFINED, JS_UNDEFINED);
        return JS_IsString(json) ? json : JS_ToString(ctx, thrown);
    }
    JSValue name = get_quietly(thrown, "name");
    size_t name_len, message_len;
    const char *name_text = to_text_quietly(JS_IsUndefined(name) ? JS_NewAtomString(ctx, "Error") : name, &name_len);
    const char *message_text = to_text_quietly(message, &message_len);
    DynBuf text;
    js_dbuf_init(ctx, &text);
    dbuf_put(&text, name_text, name_len);
    if (name_len && message_len)
        dbuf_put(&text, ": ", 2);
    dbuf_put(&text, message_text, message_len);
    JSValue result = JS_NewStringLen(ctx, (char *)text.buf, text.size);
    dbuf_free(&text);
    JS_FreeCString(ctx, name_text);
    JS_FreeCString(ctx, message_text);
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, message);
    return result;
}

/* The stack as the engine recorded it, which no script code can intercept. */
static JSValue recorded_stack(JSValueConst thrown) {
    if (JS_VALUE_GET_TAG(thrown) != JS_TAG_OBJECT)
        return JS_UNDEFINED;
    JSObject *p = JS_VALUE_GET_OBJ(thrown);
    if (p->class_id == JS_CLASS_ERROR && JS_IsString(p->u.object_data))
        return js_dup(p->u.object_data);
    JSProperty *pr;
    JSShapeProperty *prs = find_own_property(&pr, p, JS_ATOM_stack);
    if (prs && (prs->flags & JS_PROP_TMASK) == JS_PROP_NORMAL && JS_IsString(pr->u.value))
        return js_dup(pr->u.value);
    return JS_UNDEFINED;
}

/* JSON of what an error carries besides its message; undefined when it carries nothing. */
static JSValue carried(JSValueConst thrown) {
    static const char *const keys[] = { "name", "code", "field", "details" };
    if (!JS_IsObject(thrown))
        return JS_UNDEFINED;
    JSValue object = JS_NewObjectProto(ctx, JS_NULL);
    for (size_t i = 0; i < countof(keys); i++)
        JS_DefinePropertyValueStr(ctx, object, keys[i], get_quietly(thrown, keys[i]), JS_PROP_C_W_E);
    JSValue json = JS_JSONStringify(ctx, object, JS_UNDEFINED, JS_UNDEFINED);
    JS_FreeValue(ctx, object);
    if (JS_IsException(json)) {
        swallow();
        return JS_UNDEFINED;
    }
    return json;
}

static enum status fail_with(uint32_t kind, JSValue thrown) {
    size_t message_len, stack_len, details_len;
    JSValue message = describe(thrown);
    if (JS_IsException(message)) {
        swallow();
        message = JS_NewString(ctx, "something was thrown that has no text");
    }
    JSValue stack = recorded_stack(thrown), details = carried(thrown);
    const char *message_text = to_text_quietly(message, &message_len);
    const char *stack_text = JS_IsString(stack) ? to_text_quietly(stack, &stack_len) : (stack_len = 0, NULL);
    const char *details_text = JS_IsString(details) ? to_text_quietly(details, &details_len) : (details_len = 0, NULL);
    phase = PHASE_ENDED;
    host_fail(kind, message_text, message_len, stack_text, stack_len, details_text, details_len);
    return STATUS_ENDED;
}

static enum status fail_with_exception(uint32_t kind) { return fail_with(kind, JS_GetException(ctx)); }

/* ---- host calls ------------------------------------------------------------------------ */

/* The host's error text as an Error. Its stack stays open, so that the engine records
 * the place where the script meets it. */
static JSValue error_from_json(const char *text, size_t len) {
    static const char *const keys[] = { "code", "field", "details" };
    JSValue from = JS_ParseJSON(ctx, text, len, "<host>");
    if (JS_IsException(from))
        return JS_GetException(ctx);
    JSValue error = JS_NewObjectClass(ctx, JS_CLASS_ERROR);
    JS_DefinePropertyValueStr(ctx, error, "message", get_quietly(from, "message"),
                              JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    for (size_t i = 0; i < countof(keys); i++) {
        JSValue v = get_quietly(from, keys[i]);
        if (!JS_IsUndefined(v) && !JS_IsNull(v))
            JS_DefinePropertyValueStr(ctx, error, keys[i], v, JS_PROP_C_W_E);
    }
    JS_FreeValue(ctx, from);
    return error;
}

/* The reply that waits in the host, as a value; `*is_error` says which kind. */
static JSValue take_reply(int32_t reply, bool *is_error) {
    (void)reply;
    size_t len;
    char *text = take_arg(ARG_REPLY, &len);
    *is_error = reply & 1;
    JSValue v;
    if (*is_error) {
        v = error_from_json(text, len);
    } else {
        v = JS_ParseJSON(ctx, text, len, "<host>");
        if (JS_IsException(v)) {
            v = JS_GetException(ctx);
            *is_error = true;
        }
    }
    heap_free(text);
    return v;
}

static JSValue new_pending_promise(void) {
    JSValue promise = JS_NewObjectClass(ctx, JS_CLASS_PROMISE);
    JSPromiseData *s = js_mallocz(ctx, sizeof(*s));
    s->promise_state = JS_PROMISE_PENDING;
    init_list_head(&s->promise_reactions[0]);
    init_list_head(&s->promise_reactions[1]);
    s->promise_result = JS_UNDEFINED;
    JS_SetOpaqueInternal(promise, s);
    return promise;
}

/* Settles without a look at `then`: what the host hands in is plain JSON, and a script
 * that put a `then` on Object.prototype must not get between. */
static void settle(JSValueConst promise, JSValue value, bool is_error) {
    fulfill_or_reject_promise(ctx, promise, value, is_error);
    JS_FreeValue(ctx, value);
}

static uint32_t reserve_call_id(void) {
    if (calls_len == calls_cap) {
        calls_cap = calls_cap ? calls_cap * 2 : 16;
        calls = heap_realloc(calls, calls_cap * sizeof(*calls));
    }
    calls[calls_len] = JS_UNDEFINED;
    return calls_len++;
}

static JSValue js_host_call(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    size_t name_len, args_len;
    const char *name = JS_ToCStringLen(c, &name_len, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    const char *args = JS_ToCStringLen(c, &args_len, argv[1]);
    if (!args) {
        JS_FreeCString(c, name);
        return JS_EXCEPTION;
    }
    uint32_t id = reserve_call_id();
    int32_t reply = host_call(id, name, name_len, args, args_len);
    JS_FreeCString(c, name);
    JS_FreeCString(c, args);
    JSValue promise = new_pending_promise();
    if (reply == PENDING) {
        calls[id] = js_dup(promise);
    } else {
        bool is_error;
        JSValue value = take_reply(reply, &is_error);
        settle(promise, value, is_error);
        calls_len = id; /* the id was not used: nobody will answer it */
    }
    return promise;
}

static JSValue js_host_call_sync(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    size_t name_len, args_len;
    const char *name = JS_ToCStringLen(c, &name_len, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    const char *args = JS_ToCStringLen(c, &args_len, argv[1]);
    if (!args) {
        JS_FreeCString(c, name);
        return JS_EXCEPTION;
    }
    int32_t reply = host_call_sync(name, name_len, args, args_len);
    JS_FreeCString(c, name);
    JS_FreeCString(c, args);
    bool is_error;
    JSValue value = take_reply(reply, &is_error);
    return is_error ? JS_Throw(c, value) : value;
}

/* In the order of the host's Level. */
static const char *const levels[] = { "debug", "info", "warn", "error", "progress" };

static JSValue js_host_log(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    size_t message_len, data_len = 0;
    const char *level = JS_ToCString(c, argv[0]);
    if (!level)
        return JS_EXCEPTION;
    uint32_t number = 1;
    for (uint32_t i = 0; i < countof(levels); i++)
        if (!strcmp(level, levels[i]))
            number = i;
    JS_FreeCString(c, level);
    const char *message = JS_ToCStringLen(c, &message_len, argv[1]);
    if (!message)
        return JS_EXCEPTION;
    const char *data = NULL;
    if (JS_IsString(argv[2]))
        data = JS_ToCStringLen(c, &data_len, argv[2]);
    host_log(number, message, message_len, data, data_len);
    JS_FreeCString(c, message);
    if (data)
        JS_FreeCString(c, data);
    return JS_UNDEFINED;
}

static JSValue js_host_now(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)c; (void)this_val; (void)argc; (void)argv;
    return js_float64(floor(host_now() / 1000));
}

static JSValue js_host_random(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc; (void)argv;
    return js_float64((double)(xorshift64star(&c->random_state) >> 11) * 0x1p-53);
}

/* The name of the class an object belongs to whatever its prototype says; undefined for
 * what is no object. */
static JSValue js_host_class_of(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    if (!JS_IsObject(argv[0]))
        return JS_UNDEFINED;
    JSClassID class = JS_GetClassID(argv[0]);
    /* Both call themselves "Object". */
    if (class == JS_CLASS_PROXY || class == JS_CLASS_MODULE_NS)
        return JS_NewString(c, class == JS_CLASS_PROXY ? "Proxy" : "Module");
    JSAtom name = JS_GetClassName(rt, class);
    JSValue text = JS_AtomToString(c, name);
    JS_FreeAtom(c, name);
    return text;
}

/* The bytes of a text as UTF-8. The prelude has replaced lone surrogates. */
static JSValue js_host_utf8(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    size_t len;
    const char *text = JS_ToCStringLen(c, &len, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(c, (const uint8_t *)text, len);
    JS_FreeCString(c, text);
    return bytes;
}

/* Text from a Uint8Array by the rules of the Encoding Standard, which are stricter than the
 * engine's own: no surrogates, and one replacement for each maximal part of a broken
 * sequence. Null when the second argument asks for correct bytes and they are not. */
static JSValue js_host_utf8_text(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) {
    (void)this_val; (void)argc;
    size_t len;
    bool fatal = JS_ToBool(c, argv[1]);
    const uint8_t *bytes = JS_GetUint8Array(c, &len, argv[0]);
    if (!bytes && len == 0 && JS_HasException(c))
        return JS_EXCEPTION;
    StringBuffer text;
    string_buffer_init(c, &text, len);
    uint32_t point = 0;
    uint8_t needed = 0, lower = 0x80, upper = 0xbf;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = bytes[i];
        if (needed > 0 && byte >= lower && byte <= upper) {
            lower = 0x80;
            upper = 0xbf;
            point = (point << 6) | (byte & 0x3f);
            if (--needed == 0)
                string_buffer_putc(&text, point);
            continue;
        }
        if (needed > 0) {
            /* The sequence is broken, and this byte begins anew. */
            if (fatal)
                goto broken;
            string_buffer_putc(&text, 0xfffd);
            needed = 0;
            lower = 0x80;
            upper = 0xbf;
        }
        if (byte < 0x80) {
            string_buffer_putc(&text, byte);
        } else if (byte >= 0xc2 && byte <= 0xdf) {
            needed = 1;
            point = byte & 0x1f;
        } else if (byte >= 0xe0 && byte <= 0xef) {
            needed = 2;
            point = byte & 0x0f;
            lower = byte == 0xe0 ? 0xa0 : 0x80;
            upper = byte == 0xed ? 0x9f : 0xbf;
        } else if (byte >= 0xf0 && byte <= 0xf4) {
            needed = 3;
            point = byte & 0x07;
            lower = byte == 0xf0 ? 0x90 : 0x80;
            upper = byte == 0xf4 ? 0x8f : 0xbf;
        } else {
            if (fatal)
                goto broken;
            string_buffer_putc(&text, 0xfffd);
        }
    }
    if (needed > 0) {
        if (fatal)
            goto broken;
        string_buffer_putc(&text, 0xfffd);
    }
    return string_buffer_end(&text);
broken:
    string_buffer_free(&text);
    return JS_NULL;
}

static const JSCFunctionListEntry host_functions[] = {
    JS_CFUNC_DEF("call", 2, js_host_call),
    JS_CFUNC_DEF("callSync", 2, js_host_call_sync),
    JS_CFUNC_DEF("log", 3, js_host_log),
    JS_CFUNC_DEF("now", 0, js_host_now),
    JS_CFUNC_DEF("random", 0, js_host_random),
    JS_CFUNC_DEF("classOf", 1, js_host_class_of),
    JS_CFUNC_DEF("utf8", 1, js_host_utf8),
    JS_CFUNC_DEF("utf8Text", 2, js_host_utf8_text),
};

/* ---- rejections that nobody handles ------------------------------------------------------- */

enum { REJECTIONS = 8, LEVEL_WARN = 2 };
static JSValue rejections[REJECTIONS];
static uint32_t rejections_len;

/* Called when a promise is rejected that nothing waits for, and when something does after all. */
static void on_rejection(JSContext *c, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
    (void)c; (void)reason; (void)opaque;
    if (!handled) {
        if (rejections_len < REJECTIONS)
            rejections[rejections_len++] = js_dup(promise);
        return;
    }
    for (uint32_t i = 0; i < rejections_len; i++)
        if (JS_VALUE_GET_PTR(rejections[i]) == JS_VALUE_GET_PTR(promise)) {
            JS_FreeValue(ctx, rejections[i]);
            rejections[i] = rejections[--rejections_len];
            return;
        }
}

/* A forgotten `await` would hide its error: one line for each, before the result. */
static void report_rejections(void) {
    while (rejections_len > 0) {
        JSValue promise = rejections[--rejections_len];
        JSPromiseData *s = JS_GetOpaque(promise, JS_CLASS_PROMISE);
        JSValue what = describe(s->promise_result);
        DynBuf line;
        js_dbuf_init(ctx, &line);
        dbuf_putstr(&line, "rejected, and nothing handled it: ");
        size_t len;
        const char *text = JS_IsException(what) ? (swallow(), NULL) : to_text_quietly(what, &len);
        if (text)
            dbuf_put(&line, text, len);
        host_log(LEVEL_WARN, (char *)line.buf, line.size, NULL, 0);
        dbuf_free(&line);
        if (text)
            JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, what);
        JS_FreeValue(ctx, promise);
    }
}

/* ---- one execution ------------------------------------------------------------------------ */

static enum status finish(JSValue result) {
    phase = PHASE_ENDED;
    report_rejections();
    if (JS_IsUndefined(result)) {
        host_output("null", 4);
        return STATUS_ENDED;
    }
    JSValue json = JS_JSONStringify(ctx, result, JS_UNDEFINED, JS_UNDEFINED);
    if (JS_IsException(json))
        return fail_with_exception(FAIL_BAD_RESULT);
    if (!JS_IsString(json)) {
        JS_ThrowTypeError(ctx, "the result is a %s, which JSON cannot carry",
                          JS_IsSymbol(result) ? "symbol" : "function");
        return fail_with_exception(FAIL_BAD_RESULT);
    }
    size_t len;
    const char *text = JS_ToCStringLen(ctx, &len, json);
    host_output(text, len);
    return STATUS_ENDED;
}

/* The module has been evaluated: hands its default export to the prelude. */
static enum status enter(void) {
    JSValue namespace = JS_GetModuleNamespace(ctx, module);
    JSValue entry = JS_GetPropertyStr(ctx, namespace, "default");
    if (JS_IsException(entry))
        return fail_with_exception(FAIL_THREW);
    if (!JS_IsFunction(ctx, entry)) {
        JS_ThrowTypeError(ctx, "the default export is not a function");
        return fail_with_exception(FAIL_THREW);
    }
    size_t len;
    char *input = take_arg(ARG_INPUT, &len);
    JSValue invocation = JS_ParseJSON(ctx, input, len, "<input>");
    if (JS_IsException(invocation))
        return fail_with_exception(FAIL_THREW);
    heap_free(input);
    JSValue args[2] = { entry, invocation };
    JSValue result = JS_Call(ctx, enter_function, JS_UNDEFINED, 2, vc(args));
    if (JS_IsException(result))
        return fail_with_exception(FAIL_THREW);
    phase = PHASE_RESULT;
    waiting_for = js_promise_resolve(ctx, ctx->promise_ctor, 1, vc(&result), 0);
    if (JS_IsException(waiting_for))
        return fail_with_exception(FAIL_THREW);
    JS_FreeValue(ctx, result);
    return STATUS_PENDING;
}

static void run_jobs(void) {
    JSContext *c;
    int outcome;
    while ((outcome = JS_ExecutePendingJob(rt, &c)) != 0)
        if (outcome < 0)
            swallow();
}

static enum status evaluate(void) {
    module = JS_VALUE_GET_PTR(program);
    phase = PHASE_MODULE;
    waiting_for = JS_EvalFunction(ctx, program);
    return JS_IsException(waiting_for) ? fail_with_exception(FAIL_THREW) : STATUS_PENDING;
}

/* Runs all that can run now. Pending means: only a host call's answer can change anything. */
static enum status drive(void) {
    if (phase == PHASE_LOADED && evaluate() == STATUS_ENDED)
        return STATUS_ENDED;
    for (;;) {
        run_jobs();
        JSPromiseData *s = JS_GetOpaque(waiting_for, JS_CLASS_PROMISE);
        if (s->promise_state == JS_PROMISE_REJECTED)
            return fail_with(FAIL_THREW, js_dup(s->promise_result));
        if (s->promise_state == JS_PROMISE_FULFILLED) {
            if (phase == PHASE_RESULT)
                return finish(s->promise_result);
            if (enter() == STATUS_ENDED)
                return STATUS_ENDED;
            continue;
        }
        int64_t answered = host_next();
        if (answered < 0)
            return STATUS_PENDING;
        uint32_t id = (uint32_t)(answered >> 32);
        bool is_error;
        JSValue value = take_reply((int32_t)answered, &is_error);
        if (id < calls_len && !JS_IsUndefined(calls[id])) {
            JSValue promise = calls[id];
            calls[id] = JS_UNDEFINED;
            settle(promise, value, is_error);
            JS_FreeValue(ctx, promise);
        }
    }
}

/* ---- what the host enters --------------------------------------------------------------- */

/* The status, and above it what the execution's heap holds now. */
static int64_t with_heap(enum status status) {
    size_t heap = rt->malloc_state.malloc_size;
    size_t above = heap > snapshot_heap ? heap - snapshot_heap : 0;
    return ((int64_t)above << 32) | status;
}

/* The program among its libraries: how many there are, each with its length in front. They
 * become known under their names, and are evaluated when the program is. */
static JSValue load_program(void) {
    size_t len;
    char *image = take_arg(ARG_PROGRAM, &len);
    const uint8_t *at = (const uint8_t *)image, *end = at + len;
    uint32_t libraries = get_u32(at);
    at += sizeof(uint32_t);
    JSValue loaded = JS_UNDEFINED;
    for (uint32_t i = 0; i < libraries && !JS_IsException(loaded); i++) {
        uint32_t size = get_u32(at);
        at += sizeof(uint32_t);
        loaded = JS_ReadObject(ctx, at, size, JS_READ_OBJ_BYTECODE);
        at += size;
    }
    if (!JS_IsException(loaded))
        loaded = JS_ReadObject(ctx, at, end - at, JS_READ_OBJ_BYTECODE);
    heap_free(image);
    return loaded;
}

/* Where `load` lets the host look at what is in memory. */
enum until { UNTIL_IT_WAITS = 0, UNTIL_LOADED = 1, UNTIL_EVALUATED = 2 };

static void begin(uint64_t seed, uint32_t gc_headroom, double now) {
    ctx->random_state = seed ? seed : 1;
    ctx->time_origin = now;
    JS_SetGCThreshold(rt, snapshot_heap + gc_headroom);
}

/* Begins the execution: program and input wait as arguments. Ready means that it stands where
 * every execution of the program does, unless it has asked the host for something; `start`
 * goes on from there. */
EXPORT("load") int64_t guest_load(uint64_t seed, uint32_t gc_headroom, double now, uint32_t until) {
    begin(seed, gc_headroom, now);
    program = load_program();
    if (JS_IsException(program) || JS_ResolveModule(ctx, program) < 0)
        return with_heap(fail_with_exception(FAIL_THREW));
    phase = PHASE_LOADED;
    if (until == UNTIL_LOADED)
        return with_heap(STATUS_READY);
    if (until == UNTIL_EVALUATED) {
        uint64_t random = ctx->random_state;
        if (evaluate() == STATUS_ENDED)
            return with_heap(STATUS_ENDED);
        run_jobs();
        JSPromiseData *s = JS_GetOpaque(waiting_for, JS_CLASS_PROMISE);
        if (s->promise_state == JS_PROMISE_FULFILLED && ctx->random_state == random)
            return with_heap(STATUS_READY);
    }
    return with_heap(drive());
}

/* Begins the execution where `load` was ready. */
EXPORT("start") int64_t guest_start(uint64_t seed, uint32_t gc_headroom, double now) {
    begin(seed, gc_headroom, now);
    return with_heap(drive());
}

/* Goes on after host calls have answered. */
EXPORT("resume") int64_t guest_resume(void) { return with_heap(drive()); }

/* Names that the module being compiled may import, each with a NUL behind it. */
static const char *libraries, *libraries_end;

static int init_stand_in(JSContext *c, JSModuleDef *m) {
    (void)c; (void)m;
    return 0;
}

/* While a module is compiled, what it imports only has to be there; its place is taken by the
 * real one when the program is loaded. */
static JSModuleDef *stand_in(JSContext *c, const char *name, void *opaque) {
    (void)opaque;
    for (const char *known = libraries; known < libraries_end; known += strlen(known) + 1)
        if (!strcmp(known, name))
            return JS_NewCModule(c, name, init_stand_in);
    JS_ThrowReferenceError(c, "could not load module '%s'", name);
    return NULL;
}

/* Compiles the module that waits as an argument into bytecode. */
EXPORT("compile") int32_t guest_compile(void) {
    size_t code_len, name_len, len;
    char *name = take_arg(ARG_NAME, &name_len);
    char *code = take_arg(ARG_CODE, &code_len);
    libraries = take_arg(ARG_LIBRARIES, &len);
    libraries_end = libraries + len;
    JS_SetModuleLoaderFunc(rt, NULL, stand_in, NULL);
    ctx->eval_internal = __JS_EvalInternal;
    JSValue compiled = JS_Eval(ctx, code, code_len, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(compiled))
        return fail_with_exception(FAIL_SYNTAX);
    uint8_t *bytecode = JS_WriteObject(ctx, &len, compiled, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
    if (!bytecode)
        return fail_with_exception(FAIL_SYNTAX);
    host_output(bytecode, len);
    return STATUS_ENDED;
}

/* The prelude is the body of a function of the host object. */
static void evaluate_prelude(void) {
    static const char head[] = "(function (host) {'use strict';";
    static const char tail[] = "\n})";
    size_t len;
    char *body = take_arg(ARG_PRELUDE, &len);
    DynBuf text;
    js_dbuf_init(ctx, &text);
    dbuf_putstr(&text, head);
    dbuf_put(&text, body, len);
    dbuf_put(&text, tail, sizeof(tail)); /* with the NUL the parser asks for */
    heap_free(body);
    JSValue function = JS_Eval(ctx, (char *)text.buf, text.size - 1, "<prelude>", JS_EVAL_TYPE_GLOBAL);
    dbuf_free(&text);
    if (JS_IsException(function)) {
        fail_with_exception(FAIL_SYNTAX);
        return;
    }
    JSValue host = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, host, host_functions, countof(host_functions));
    JSValue exports = JS_Call(ctx, function, JS_UNDEFINED, 1, vc(&host));
    if (JS_IsException(exports)) {
        fail_with_exception(FAIL_THREW);
        return;
    }
    enter_function = get_quietly(exports, "enter");
    if (!JS_IsFunction(ctx, enter_function)) {
        JS_ThrowTypeError(ctx, "the prelude does not return an object with an enter function");
        fail_with_exception(FAIL_THREW);
        return;
    }
    JS_FreeValue(ctx, exports);
    JS_FreeValue(ctx, host);
    JS_FreeValue(ctx, function);
}

/* A script's stack trace formatter would be handed the functions below it: the prelude's
 * and the host's. */
static void drop_stack_trace_formatter(void) {
    JSAtom atom = JS_NewAtom(ctx, "prepareStackTrace");
    JS_DeleteProperty(ctx, ctx->error_ctor, atom, 0);
    JS_FreeAtom(ctx, atom);
}

EXPORT("wizer-initialize") void guest_initialize(void) {
    heap_init();
    rt = JS_NewRuntime2(&guest_malloc_functions, NULL);
    /* QuickJS switches its stack check off on WASI; a script would run the shadow
     * stack into the trap below it instead of meeting a RangeError. */
    rt->stack_limit = (uintptr_t)&__stack_low + STACK_RESERVE;
    JS_SetGCThreshold(rt, (size_t)-1);
    ctx = JS_NewContext(rt);
    JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
    JS_AddIntrinsicDOMException(ctx);
    drop_stack_trace_formatter();
    evaluate_prelude();
    JS_RunGC(rt);
    snapshot_heap = rt->malloc_state.malloc_size;
    /* Memory that most executions never outgrow: growing costs a system call on the way
     * up and another when the slot is used again. */
    top_reserve(HEAP_SLACK);
    /* From here on nothing compiles, `Function` and its relatives included. */
    if (host_arg_len(ARG_OPTIONS) == 0)
        ctx->eval_internal = NULL;
}
