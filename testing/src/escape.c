/* Native code in a process whose wall it tries: what would run if a script came out of its guest.
 * Preloaded into a process, it waits for the first guest thread and makes its attempts there, one
 * line on standard error for each. Arguments are such that an attempt that gets through does no
 * harm: what destroys is given an address or a descriptor that does not exist, and the filter of
 * system calls comes before the kernel's look at them.
 *
 * The verdicts are in escape.rs, and so is who compiles this. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOWHERE ((void *)8)
#define NO_FD (-1)

/* Newer than the headers of some machines; the numbers are those of every architecture. */
enum { OPEN_TREE = 428, MOVE_MOUNT = 429, FSOPEN = 430, PIDFD_OPEN = 434, PIDFD_GETFD = 438,
       PROCESS_MADVISE = 440, MOUNT_SETATTR = 442, QUOTACTL_FD = 443, MEMFD_SECRET = 447, FCHMODAT2 = 452 };

static const char *data, *outside;

/* One line in one call, so that the lines of other threads do not get between. */
static void told(const char *name, long result) {
    char line[160];
    const char *why = result >= 0 ? "ok" : strerrorname_np(errno);
    int len = snprintf(line, sizeof line, "escape %s: %s\n", name, why ? why : "?");
    if (write(STDERR_FILENO, line, len) != len)
        _exit(70);
}

#define TRY(name, attempt) do { errno = 0; told(name, (long)(attempt)); } while (0)

/* A path below a folder; good until the fourth next. */
static const char *at(const char *folder, const char *name) {
    static char paths[4][4096];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *of_parent(const char *name) {
    char folder[32];
    snprintf(folder, sizeof folder, "/proc/%d", getppid());
    return at(folder, name);
}

static int closed(int fd) {
    if (fd >= 0)
        close(fd);
    return fd;
}

static int opened(const char *path, int flags) { return closed(open(path, flags | O_CLOEXEC, 0600)); }
static int a_socket(int family, int type, int protocol) { return closed(socket(family, type | SOCK_CLOEXEC, protocol)); }

/* A child that got through ends at once. */
static long forked(long flags) {
    long child = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid((pid_t)child, NULL, 0);
    return child;
}

static long cloned_by_3(void) {
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } wanted =
        { .exit_signal = SIGCHLD };
    long child = syscall(SYS_clone3, &wanted, sizeof wanted);
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid((pid_t)child, NULL, 0);
    return child;
}

static struct sockaddr_un address(const char *path) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

static int bound_in_data(void) {
    /* The whole path may be too long for an address; the name of a file of one's own is not. */
    int folder = open(data, O_PATH | O_CLOEXEC);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d/socket", folder);
    struct sockaddr_un name = address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = bind(fd, (struct sockaddr *)&name, sizeof name);
    int why = errno;
    close(fd);
    close(folder);
    errno = why;
    return result;
}

static long on_socket(int command, long argument) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    long result = fcntl(fd, command, argument);
    int why = errno;
    close(fd);
    errno = why;
    return result;
}

static long program_in_memory(void) {
    int fd = memfd_create("tool", MFD_CLOEXEC);
    char *none[] = { NULL };
    long result = syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
    int why = errno;
    close(fd);
    errno = why;
    return result;
}

static void programs_and_processes(void) {
    char *none[] = { NULL };
    /* An address that does not exist keeps a program that would start from doing so. */
    TRY("execve", syscall(SYS_execve, "/bin/true", NOWHERE, none));
    TRY("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", NOWHERE, none, 0));
    TRY("execveat in memory", program_in_memory());
    TRY("clone", forked(SIGCHLD));
    TRY("clone into namespaces", forked(SIGCHLD | CLONE_NEWUSER | CLONE_NEWNS));
    TRY("clone3", cloned_by_3());
#ifdef SYS_fork
    long child = syscall(SYS_fork);
    if (child == 0)
        _exit(0);
    TRY("fork", child > 0 ? waitpid((pid_t)child, NULL, 0) : (errno = ENOSYS, child));
#endif
    TRY("kill", syscall(SYS_kill, getppid(), 0));
    TRY("tkill", syscall(SYS_tkill, getppid(), 0));
    TRY("tgkill", syscall(SYS_tgkill, getppid(), getppid(), 0));
    TRY("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, getppid(), 0, NOWHERE));
    TRY("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, NOWHERE));
    TRY("signal by a descriptor", on_socket(F_SETOWN, getppid()));
    TRY("signal by a descriptor's choice", on_socket(F_SETSIG, SIGKILL));
    TRY("pidfd_open", closed((int)syscall(PIDFD_OPEN, getppid(), 0)));
    TRY("pidfd_send_signal", syscall(SYS_pidfd_send_signal, NO_FD, 0, NULL, 0));
    TRY("pidfd_getfd", syscall(PIDFD_GETFD, NO_FD, 0, 0));
    TRY("ptrace", syscall(SYS_ptrace, PTRACE_PEEKDATA, getppid(), NOWHERE, NULL));
    TRY("process_vm_readv", syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
    TRY("process_vm_writev", syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0));
    TRY("process_madvise", syscall(PROCESS_MADVISE, NO_FD, NULL, 0, 0, 0));
    TRY("kcmp", syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0));
    TRY("setpriority", syscall(SYS_setpriority, PRIO_PROCESS, getppid(), 0));
    TRY("sched_setaffinity", syscall(SYS_sched_setaffinity, getppid(), 0, NOWHERE));
    TRY("limits of another", syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, NULL));
    TRY("limits set", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NOWHERE, NULL));
    TRY("setrlimit", syscall(SYS_setrlimit, RLIMIT_NOFILE, NOWHERE));
    TRY("shmget", syscall(SYS_shmget, IPC_PRIVATE, 0, 0));
    TRY("semget", syscall(SYS_semget, IPC_PRIVATE, 0, 0));
    TRY("msgget", syscall(SYS_msgget, NO_FD, 0));
    TRY("mq_open", syscall(SYS_mq_open, NOWHERE, 0, 0, NULL));
}

static void kernel_and_machine(void) {
    TRY("mount", syscall(SYS_mount, NOWHERE, NOWHERE, NOWHERE, 0, NULL));
    TRY("umount2", syscall(SYS_umount2, NOWHERE, 0));
    TRY("pivot_root", syscall(SYS_pivot_root, NOWHERE, NOWHERE));
    TRY("chroot", syscall(SYS_chroot, NOWHERE));
    TRY("open_tree", syscall(OPEN_TREE, NO_FD, NOWHERE, 0));
    TRY("move_mount", syscall(MOVE_MOUNT, NO_FD, NOWHERE, NO_FD, NOWHERE, 0));
    TRY("fsopen", syscall(FSOPEN, NOWHERE, 0));
    TRY("mount_setattr", syscall(MOUNT_SETATTR, NO_FD, NOWHERE, 0, NOWHERE, 0));
    TRY("unshare", syscall(SYS_unshare, 0));
    TRY("setns", syscall(SYS_setns, NO_FD, 0));
    TRY("io_uring_setup", syscall(SYS_io_uring_setup, 1, NOWHERE));
    TRY("io_uring_enter", syscall(SYS_io_uring_enter, NO_FD, 0, 0, 0, NULL, 0));
    TRY("io_uring_register", syscall(SYS_io_uring_register, NO_FD, 0, NULL, 0));
    TRY("bpf", syscall(SYS_bpf, 0, NOWHERE, 8));
    TRY("perf_event_open", syscall(SYS_perf_event_open, NOWHERE, 0, 0, NO_FD, 0));
    TRY("userfaultfd", syscall(SYS_userfaultfd, ~0));
    TRY("memfd_secret", syscall(MEMFD_SECRET, ~0));
    TRY("keyctl", syscall(SYS_keyctl, 0, 0, 0));
    TRY("add_key", syscall(SYS_add_key, NOWHERE, NOWHERE, NULL, 0, 0));
    TRY("request_key", syscall(SYS_request_key, NOWHERE, NOWHERE, NULL, 0));
    TRY("init_module", syscall(SYS_init_module, NOWHERE, 0, NOWHERE));
    TRY("finit_module", syscall(SYS_finit_module, NO_FD, NOWHERE, 0));
    TRY("delete_module", syscall(SYS_delete_module, NOWHERE, 0));
    TRY("kexec_load", syscall(SYS_kexec_load, 0, ~0ul, NOWHERE, ~0ul));
    TRY("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    TRY("swapon", syscall(SYS_swapon, NOWHERE, 0));
    TRY("acct", syscall(SYS_acct, NOWHERE));
    TRY("quotactl_fd", syscall(QUOTACTL_FD, NO_FD, 0, 0, NULL));
    TRY("sethostname", syscall(SYS_sethostname, NOWHERE, 1));
    TRY("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, NOWHERE));
    TRY("adjtimex", syscall(SYS_adjtimex, NOWHERE));
    TRY("syslog", syscall(SYS_syslog, 10, NULL, 0));
    TRY("fanotify_init", syscall(SYS_fanotify_init, ~0, 0));
    TRY("inotify_init1", syscall(SYS_inotify_init1, ~0));
    TRY("setuid", syscall(SYS_setuid, getuid()));
    TRY("setgid", syscall(SYS_setgid, getgid()));
    TRY("setresuid", syscall(SYS_setresuid, -1, -1, -1));
    TRY("setgroups", syscall(SYS_setgroups, -1, NOWHERE));
    TRY("capset", syscall(SYS_capset, NOWHERE, NOWHERE));
    TRY("personality", syscall(SYS_personality, ~0ul));
    TRY("seccomp", syscall(SYS_seccomp, 2, 0, NULL));
    TRY("prctl", syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0));
#ifdef SYS_iopl
    TRY("iopl", syscall(SYS_iopl, 4));
    TRY("modify_ldt", syscall(SYS_modify_ldt, ~0, NULL, 0));
#endif
    char letter = 'x';
    TRY("typing into a terminal", ioctl(NO_FD, TIOCSTI, &letter));
    TRY("packets of a device", a_socket(AF_PACKET, SOCK_RAW, 0));
    TRY("packets of the internet", a_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    TRY("packets of the internet, six", a_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
    TRY("the host of a virtual machine", a_socket(AF_VSOCK, SOCK_STREAM, 0));
    TRY("cryptography of the kernel", a_socket(AF_ALG, SOCK_SEQPACKET, 0));
    TRY("the firewall", a_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
    TRY("events of the kernel", a_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));
}

static void files_of_others(void) {
    const char *secret = at(outside, "secret");
    char by_root[4200], by_dots[4200];
    snprintf(by_root, sizeof by_root, "/proc/self/root%s", secret);
    snprintf(by_dots, sizeof by_dots, "%s/../outside/secret", data);
    TRY("read", opened(at(outside, "secret"), O_RDONLY));
    TRY("read by dots", opened(by_dots, O_RDONLY));
    TRY("read by the process's root", opened(by_root, O_RDONLY));
    TRY("read by a link", opened(at(data, "link"), O_RDONLY));
    TRY("write", opened(at(outside, "secret"), O_WRONLY));
    TRY("append", opened(at(outside, "secret"), O_WRONLY | O_APPEND));
    TRY("cut", truncate(at(outside, "cut"), 1));
    TRY("make", opened(at(outside, "made"), O_WRONLY | O_CREAT));
    TRY("make in the system's folder", opened("/tmp", O_WRONLY | O_TMPFILE));
    TRY("make a nameless one", opened(outside, O_WRONLY | O_TMPFILE));
    TRY("make a folder", mkdir(at(outside, "folder"), 0700));
    TRY("remove", unlink(at(outside, "removed")));
    TRY("remove a folder", rmdir(at(outside, "empty")));
    TRY("list", opened(outside, O_RDONLY | O_DIRECTORY));
    TRY("list the root", opened("/", O_RDONLY | O_DIRECTORY));
    TRY("move in", rename(at(outside, "moved"), at(data, "moved")));
    TRY("move out", rename(at(data, "own"), at(outside, "own")));
    TRY("link in", link(at(outside, "secret"), at(data, "linked")));
    TRY("link out", link(at(data, "kept"), at(outside, "linked")));
    TRY("point elsewhere", symlink(outside, at(data, "pointer")));
    TRY("device", mknod(at(data, "device"), S_IFCHR | 0600, 0));
    TRY("pipe with a name", mknod(at(data, "pipe"), S_IFIFO | 0600, 0));
    TRY("socket with a name", bound_in_data());
    TRY("change the mode", chmod(at(outside, "secret"), 0600));
    TRY("change the mode by a folder", syscall(SYS_fchmodat, AT_FDCWD, at(outside, "secret"), 0600));
    TRY("change the mode, newest", syscall(FCHMODAT2, AT_FDCWD, at(outside, "secret"), 0600, 0));
    TRY("change the owner", chown(at(outside, "secret"), -1, -1));
    TRY("change the times", utimensat(AT_FDCWD, at(outside, "secret"), NULL, 0));
    TRY("write an attribute", syscall(SYS_setxattr, at(outside, "secret"), "user.x", "", 0, 0));
    TRY("read an attribute", syscall(SYS_listxattr, at(outside, "secret"), NULL, 0));
    TRY("open by a handle", syscall(SYS_open_by_handle_at, AT_FDCWD, NOWHERE, 0));
    TRY("name a handle", syscall(SYS_name_to_handle_at, NO_FD, NOWHERE, NOWHERE, NOWHERE, 0));
    TRY("passwords", opened("/etc/shadow", O_RDONLY));
    TRY("users", opened("/etc/passwd", O_RDONLY));
    TRY("environment of another", opened(of_parent("environ"), O_RDONLY));
    TRY("memory of another", opened(of_parent("mem"), O_RDONLY));
    TRY("write own memory", opened("/proc/self/mem", O_WRONLY));
    TRY("be spared when memory is short", opened("/proc/self/oom_score_adj", O_WRONLY));
    TRY("settings of the kernel", opened("/proc/sys/kernel/core_pattern", O_WRONLY));
    TRY("a terminal", opened("/dev/ptmx", O_RDWR));
}

static void *nothing(void *of) { return of; }

static long thread(void) {
    pthread_t started;
    int error = pthread_create(&started, NULL, nothing, NULL);
    return error ? (errno = error, -1) : pthread_join(started, NULL);
}

/* As the sandbox maps what it has compiled. */
static long runs_what_it_writes(void) {
#if defined __x86_64__
    static const unsigned char code[] = { 0xc3 };
#elif defined __aarch64__
    static const unsigned char code[] = { 0xc0, 0x03, 0x5f, 0xd6 };
#endif
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return -1;
    memcpy(page, code, sizeof code);
    __builtin___clear_cache(page, page + sizeof code);
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
        return -1;
    ((void (*)(void))page)();
    return munmap(page, 4096);
}

/* What SQLite does with a journal and with the file that its processes share. */
static long database(void) {
    const char *journal = at(data, "db-journal");
    int fd = open(journal, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
    if (fd < 0 || pwrite(fd, "text", 4, 0) != 4 || ftruncate(fd, 4096) || fdatasync(fd) || fcntl(fd, F_SETLK, &lock))
        return -1;
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED || memcmp(shared, "text", 4) || munmap(shared, 4096) || fchmod(fd, 0600))
        return -1;
    return closed(fd) < 0 ? -1 : unlink(journal);
}

/* A file without a name, as for what a sort spills. */
static long temporary(void) {
    const char *path = at(data, "etilqs");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || unlink(path) || write(fd, "x", 1) != 1)
        return -1;
    return closed(fd);
}

static long replaced(void) {
    const char *partial = at(data, "partial"), *whole = at(data, "whole");
    return opened(partial, O_WRONLY | O_CREAT) < 0 || rename(partial, whole) ? -1 : unlink(whole);
}

static long listened(void) {
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&here, len) || listen(listener, 1)
        || getsockname(listener, (struct sockaddr *)&here, &len) || connect(client, (struct sockaddr *)&here, len))
        return -1;
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    closed(listener);
    closed(client);
    return closed(server);
}

static int paired(void) {
    int pair[2];
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    if (result == 0) {
        close(pair[0]);
        close(pair[1]);
    }
    return result;
}

static void what_a_server_does(void) {
    struct rlimit limit;
    struct stat about;
    char byte;
    TRY("thread", thread());
    TRY("name of a thread", prctl(PR_SET_NAME, "guest-0"));
    TRY("signal to oneself", syscall(SYS_tgkill, getpid(), gettid(), 0));
    TRY("ask for limits", prlimit(0, RLIMIT_NOFILE, NULL, &limit));
    TRY("compiled code", runs_what_it_writes());
    TRY("database", database());
    TRY("temporary file", temporary());
    TRY("replace a file", replaced());
    TRY("own folder", opened(data, O_RDONLY | O_DIRECTORY));
    TRY("own status", opened("/proc/self/status", O_RDONLY));
    TRY("libraries", opened("/usr/lib", O_RDONLY | O_DIRECTORY));
    TRY("throw away", opened("/dev/null", O_WRONLY));
    TRY("random", syscall(SYS_getrandom, &byte, 1, 0));
    TRY("connections", listened());
    TRY("datagrams", a_socket(AF_INET6, SOCK_DGRAM, 0));
    TRY("sockets of the machine", a_socket(AF_UNIX, SOCK_STREAM, 0));
    TRY("pair of sockets", paired());
    TRY("addresses of the machine", a_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    /* Known, and not held: docs/guide/second-wall.md. */
    TRY("whether a file is there", stat(at(outside, "secret"), &about));
}

#if defined __x86_64__
/* The calls of a 32-bit process have other numbers; whoever filters by number must end this. */
static void call_of_another_architecture(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    errno = (int)-result;
    told("call of another architecture", result);
}
#endif

/* In place of the C library's: the standard library names a thread when it begins. */
int pthread_setname_np(pthread_t thread, const char *name) {
    (void)thread;
    static atomic_flag begun = ATOMIC_FLAG_INIT;
    prctl(PR_SET_NAME, name);
    data = getenv("ESCAPE_DATA");
    outside = getenv("ESCAPE_OUTSIDE");
    if (strcmp(name, "guest-0") || !data || !outside || atomic_flag_test_and_set(&begun))
        return 0;
#if defined __x86_64__
    if (getenv("ESCAPE_OTHER_ARCHITECTURE"))
        call_of_another_architecture();
#endif
    programs_and_processes();
    kernel_and_machine();
    files_of_others();
    what_a_server_does();
    told("end", 0);
    return 0;
}
