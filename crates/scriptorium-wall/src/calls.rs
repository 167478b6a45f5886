//! The part of the wall that seccomp holds: which system calls exist for the process. The list is
//! of what is allowed, so that a call which a later kernel adds is closed until somebody looks.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, Error as SeccompError, SeccompAction, SeccompCmpArgLen as Width,
    SeccompCmpOp as Is, SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
};

use crate::{Error, Strength};

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Closed calls look as if this kernel did not have them: the C library then takes the older way,
/// as it does for `clone3`, whose flags a filter cannot see.
const MISSING: SeccompAction = SeccompAction::Errno(libc::ENOSYS as u32);

/// Allowed whatever the arguments.
const ALWAYS: &[c_long] = &[
    // memory, executable mappings included: the sandbox maps compiled guests
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mincore,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_munmap,
    // threads and this process; a new process would be `clone` without a thread's flag
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    // signals to oneself: traps of the guest, and being asked to stop
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_signalfd4,
    // time
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    // files: which ones is landlock's part
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchown,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_sync_file_range,
    libc::SYS_truncate,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
    // sockets that exist, and waiting for them
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // who and where
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getrandom,
    libc::SYS_getuid,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// The older forms that only this architecture has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_getrlimit,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// What a server speaks over the internet: streams and datagrams, no raw packets.
const INTERNET: [i32; 2] = [libc::AF_INET, libc::AF_INET6];
const SPOKEN: [i32; 2] = [libc::SOCK_STREAM, libc::SOCK_DGRAM];
/// The bits of a socket's type that are no flags.
const TYPE: u64 = 0xf;

/// A descriptor that signals whoever it is told to would be a way to other processes.
const SIGNALLING: [i32; 3] = [libc::F_SETOWN, F_SETSIG, F_SETOWN_EX];
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;

/// Questions about descriptors. What types into a terminal is not among them.
const IOCTLS: [u64; 5] = [
    libc::FIONBIO,
    libc::FIOCLEX,
    libc::FIONREAD,
    libc::TCGETS,
    libc::TIOCGWINSZ,
];

/// Names of threads and of mappings, and the two locks of this wall.
const PRCTLS: [i32; 5] = [
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_SET_VMA,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_GET_NO_NEW_PRIVS,
];

/// Closes every system call that is not listed.
pub(crate) fn close() -> Result<Strength, Error> {
    let filter = filter().map_err(|error| Error::Calls(error.into()))?;
    match apply_filter(&filter) {
        Ok(()) => Ok(Strength::Full),
        Err(SeccompError::Seccomp(error)) if lacks_filters(&error) => Ok(Strength::Nothing),
        Err(error) => Err(Error::Calls(error)),
    }
}

fn lacks_filters(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
}

fn filter() -> Result<seccompiler::BpfProgram, BackendError> {
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules()?, MISSING, SeccompAction::Allow, arch)?.try_into()
}

fn rules() -> Result<Rules, BackendError> {
    let mut rules: Rules = ALWAYS
        .iter()
        .chain(OLDER)
        .map(|call| (*call, Vec::new()))
        .collect();
    let thread = libc::CLONE_THREAD as u64;
    let threads = SeccompCondition::new(0, Width::Qword, Is::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![threads])?]);
    rules.insert(libc::SYS_socket, sockets()?);
    rules.insert(libc::SYS_socketpair, any_of(0, [libc::AF_UNIX as u64])?);
    rules.insert(libc::SYS_ioctl, any_of(1, IOCTLS)?);
    rules.insert(libc::SYS_prctl, any_of(0, PRCTLS.map(|n| n as u64))?);
    let signalling = SIGNALLING.map(|command| unequal(1, command as u64));
    let quiet = signalling.into_iter().collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_fcntl, vec![SeccompRule::new(quiet)?]);
    // The times of an open file, which landlock let be opened; those of a path it does not see.
    rules.insert(libc::SYS_utimensat, vec![SeccompRule::new(vec![null(1)?])?]);
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, any_of(0, [own])?);
    // Limits can be asked for and not set: the new value is none, of this process.
    let asked = SeccompRule::new(vec![equal(0, 0)?, null(2)?])?;
    rules.insert(libc::SYS_prlimit64, vec![asked]);
    Ok(rules)
}

/// Sockets of the file system, of the internet, and to the kernel's table of addresses, which the C
/// library asks. No virtual machine's host, no other part of the kernel.
fn sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let mut rules = any_of(0, [libc::AF_UNIX as u64])?;
    for family in INTERNET {
        for spoken in SPOKEN {
            let spoken = SeccompCondition::new(1, Width::Dword, Is::MaskedEq(TYPE), spoken as u64)?;
            rules.push(SeccompRule::new(vec![equal(0, family as u64)?, spoken])?);
        }
    }
    let addresses = equal(2, libc::NETLINK_ROUTE as u64)?;
    let kernel = equal(0, libc::AF_NETLINK as u64)?;
    rules.push(SeccompRule::new(vec![kernel, addresses])?);
    Ok(rules)
}

/// Allows a call when one of its arguments has one of the values.
fn any_of(
    argument: u8,
    values: impl IntoIterator<Item = u64>,
) -> Result<Vec<SeccompRule>, BackendError> {
    values
        .into_iter()
        .map(|value| SeccompRule::new(vec![equal(argument, value)?]))
        .collect()
}

/// The kernel reads these arguments as 32 bits.
fn equal(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Width::Dword, Is::Eq, value)
}

fn unequal(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Width::Dword, Is::Ne, value)
}

fn null(argument: u8) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Width::Qword, Is::Eq, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_reach_other_processes_or_the_machine_are_not_listed() {
        let rules = rules().unwrap();
        let never = [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_clone3,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_kill,
            libc::SYS_tkill,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_getfd,
            libc::SYS_pidfd_send_signal,
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_chroot,
            libc::SYS_open_by_handle_at,
            libc::SYS_keyctl,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_kexec_load,
            libc::SYS_reboot,
            libc::SYS_setuid,
            libc::SYS_setgid,
            libc::SYS_capset,
            libc::SYS_personality,
            libc::SYS_seccomp,
            libc::SYS_symlinkat,
            libc::SYS_mknodat,
            libc::SYS_fchmodat,
            libc::SYS_fchownat,
        ];
        for call in never {
            assert!(!rules.contains_key(&call), "system call {call} is listed");
        }
    }

    #[test]
    fn calls_that_do_more_than_a_server_needs_are_narrowed() {
        let rules = rules().unwrap();
        for call in [
            libc::SYS_clone,
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_fcntl,
            libc::SYS_ioctl,
            libc::SYS_prctl,
            libc::SYS_prlimit64,
            libc::SYS_tgkill,
            libc::SYS_utimensat,
        ] {
            assert!(!rules[&call].is_empty(), "system call {call} is open");
        }
    }
}
