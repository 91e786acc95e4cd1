/* A system-call filter (seccomp) written out, as it is short (contract in jail.h). Calls are refused and do not kill: libc asks for locale
 * files and the like, and does without. */
#include "parse/file/jail.h"

#include "base/limits.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define JAIL_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define JAIL_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define JAIL_ARCH AUDIT_ARCH_RISCV64
#endif

/* Files by name, sockets, programs, processes, other processes' memory, tracing, and what the kernel runs for us. */
static const unsigned refused[] = {
#ifdef __NR_open
	__NR_open, __NR_creat, __NR_link, __NR_unlink, __NR_rename, __NR_mkdir, __NR_rmdir, __NR_symlink, __NR_mknod, __NR_chmod, __NR_chown,
#endif
	__NR_openat, __NR_openat2, __NR_open_by_handle_at, __NR_unlinkat, __NR_renameat2, __NR_mkdirat, __NR_symlinkat, __NR_linkat,
	__NR_mknodat, __NR_fchmodat, __NR_fchownat, __NR_truncate, __NR_ftruncate, __NR_mount, __NR_umount2, __NR_chroot, __NR_pivot_root,
	__NR_socket, __NR_socketpair, __NR_connect, __NR_bind, __NR_listen, __NR_accept4,
	__NR_execve, __NR_execveat, __NR_clone3,
#ifdef __NR_fork
	__NR_fork, __NR_vfork,
#endif
	__NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_pidfd_getfd, __NR_kill, __NR_tkill, __NR_pidfd_send_signal,
	__NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_io_uring_setup, __NR_keyctl, __NR_add_key, __NR_request_key,
	__NR_unshare, __NR_setns, __NR_memfd_create, __NR_inotify_init1, __NR_fanotify_init,
};

static bool filter_install(void)
{
#ifdef JAIL_ARCH
	enum { N = sizeof refused / sizeof *refused };
	struct sock_filter code[N + 8];
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, JAIL_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	/* Other numbers of the same calls (x32). */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, (unsigned char)(N + 1), 0);
	for (size_t i = 0; i < N; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i], (unsigned char)(N - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES);
	const struct sock_fprog program = { n, code };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#endif
}

bool jail_enter(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_FSIZE, &none) != 0)
		return false;
#ifndef __SANITIZE_ADDRESS__
	/* AddressSanitizer keeps terabytes of addresses. */
	const struct rlimit memory = { FILE_MEMORY_MAX, FILE_MEMORY_MAX };
	if (setrlimit(RLIMIT_AS, &memory) != 0)
		return false;
#endif
	return filter_install();
}
