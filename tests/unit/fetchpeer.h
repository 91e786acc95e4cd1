/* secondexit-fetch as main sees it, and the server that it talks to, for the tests of that program. The program runs
 * under a kernel filter that kills it at its first socket, connect, bind or send to an address, and at the first file
 * opened for writing. Included by test_fetch.c and test_fetch_hostile.c. */
#ifndef TESTS_FETCHPEER_H
#define TESTS_FETCHPEER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "priv/fetchmsg.h"
#include "priv/frame.h"
#include "tlspeer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the filter ---- */

#define BAN(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ARG_LOW(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, args[n]))
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr))

static inline bool peer_jail(void)
{
	static struct sock_filter program[] = {
		NUMBER,
		BAN(SYS_socket), BAN(SYS_connect), BAN(SYS_bind), BAN(SYS_listen), BAN(SYS_accept), BAN(SYS_accept4),
		BAN(SYS_sendmmsg),
		/* sendto with an address */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 0, 4), ARG_LOW(4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		/* openat for writing */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3), ARG_LOW(2),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog filter = { sizeof program / sizeof program[0], program };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* ---- the program ---- */

static struct { pid_t pid; int fd; struct buf in; } peer_role;

static inline void peer_put(uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	struct buf all BUF_AUTO = buf_new(FRAME_MAX + 64);
	union { struct cmsghdr head; uint8_t room[CMSG_SPACE(sizeof(int))]; } control = { 0 };

	frame_put(&all, type, id, payload);
	assert_int_equal(buf_err(&all), OK);
	struct iovec iov = { all.bytes, all.len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (fd >= 0) {
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
	}
	(void)!sendmsg(peer_role.fd, &m, MSG_NOSIGNAL);
}

static inline void peer_start(const char *const *environment)
{
	char path[4096];
	int pair[2];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

	assert_true(n > 0);
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	strcpy(strrchr(path, '/'), "/secondexit-fetch");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid_t parent = getpid();
	peer_role.pid = fork();
	if (peer_role.pid == 0) {
		char *const argv[] = { path, NULL };
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pair[1], 3);
		if (getppid() != parent || !peer_jail())
			_exit(99);
		if (environment != NULL)
			execve(path, argv, (char *const *)(uintptr_t)environment);
		else
			execv(path, argv);
		_exit(98);
	}
	close(pair[1]);
	peer_role.fd = pair[0];
	peer_role.in = buf_new(FRAME_MAX * 2);
	peer_put(FETCH_CONFIG, 0, NULL, -1);
}

/* Ends it as main does, and wants it to have lived until then. */
static inline void peer_end(void)
{
	int status = -1;

	close(peer_role.fd);
	for (int i = 0; i < 200 && waitpid(peer_role.pid, &status, WNOHANG) == 0; i++)
		usleep(10000);
	buf_free(&peer_role.in);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the program ended with %#x", (unsigned)status);
}

/* ---- one fetch ---- */

struct served {
	const char *bytes;      /* sent when the request has come; NULL: nothing */
	size_t n;               /* 0: strlen */
	bool stays_open;        /* else closed behind the bytes */
	const char *loop;       /* sent again and again behind bytes, until it can't be */
	size_t n_loop;
	size_t body;            /* so much of the request's body is awaited before bytes are sent */
	size_t piece;           /* 0: as large as they go; else so many bytes at once, a millisecond between */
	SSL_CTX *tls;
};

struct got {
	bool has_head, has_tail;
	struct fetch_head head;
	char lines[HTTP_HEADERS_MAX + 1];
	struct buf body;
	struct fetch_tail tail;
	char request[160 * 1024];    /* what the server read */
	size_t n_request;
	size_t most;            /* body bytes that came beyond what was acknowledged, at most */
	size_t unacknowledged;
	bool keeps;             /* body bytes are not acknowledged */
};

static struct got got;

static inline struct fetch_ask peer_ask(const char *url)
{
	struct fetch_ask m = { .max_body = 1024 * 1024, .deadline_ms = 10000, .stall_ms = 5000 };

	assert_int_equal(fetch_url_split(url, &m), OK);
	return m;
}

static inline void peer_frame(const struct frame *f, uint32_t id)
{
	if (f->id != id)
		return;
	if (f->type == FETCH_R_HEAD) {
		assert_false(got.has_head || got.body.len > 0);
		assert_int_equal(fetchmsg_get_head(f->payload, &got.head), OK);
		memcpy(got.lines, got.head.lines.at, got.head.lines.left);
		got.lines[got.head.lines.left] = '\0';
		got.has_head = true;
	} else if (f->type == FETCH_R_BODY) {
		struct buf more BUF_AUTO = buf_new(4);
		assert_true(got.has_head && !got.has_tail);
		assert_in_range(f->payload.left, 1, FETCH_PIECE_MAX);
		buf_put(&got.body, f->payload.at, f->payload.left);
		got.unacknowledged += f->payload.left;
		if (got.unacknowledged > got.most)
			got.most = got.unacknowledged;
		if (got.keeps)
			return;
		got.unacknowledged = 0;
		buf_u32(&more, (uint32_t)f->payload.left);
		peer_put(FETCH_MORE, id, &more, -1);
	} else {
		assert_int_equal(f->type, FETCH_R_END);
		assert_false(got.has_tail);
		assert_int_equal(fetchmsg_get_tail(f->payload, &got.tail), OK);
		got.has_tail = true;
	}
}

/* Reads what the program says; false when it is gone. */
static inline bool peer_read(uint32_t id)
{
	uint8_t bytes[65536];
	ssize_t n = recv(peer_role.fd, bytes, sizeof bytes, 0);
	struct frame f;
	size_t used;
	enum err err;

	if (n <= 0)
		return false;
	buf_put(&peer_role.in, bytes, (size_t)n);
	while (frame_next(&peer_role.in, &f, &used, &err)) {
		peer_frame(&f, id);
		buf_drop(&peer_role.in, used);
	}
	assert_int_equal(err, OK);
	return true;
}

/* The server's side of the connection. */
struct serving { int fd; const struct served *how; size_t sent; bool is_asked, is_over; struct peer tls; bool has_tls; };

static inline bool peer_send(struct serving *s, const void *bytes, size_t n, size_t *sent)
{
	uint8_t out[40000];

	if (!s->has_tls) {
		ssize_t m = send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (m < 0)
			return errno == EAGAIN;
		*sent += (size_t)m;
		return true;
	}
	if (n > 16000)
		n = 16000;
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	if (poll(&p, 1, 0) != 1)
		return true;
	SSL_write(s->tls.ssl, bytes, (int)n);
	int m = BIO_read(s->tls.out, out, sizeof out);
	*sent += n;
	/* Blocking: a record must not be cut. */
	return m <= 0 || send(s->fd, out, (size_t)m, MSG_NOSIGNAL) == m;
}

static inline void peer_serve(struct serving *s)
{
	const struct served *how = s->how;
	size_t all = how->bytes == NULL ? 0 : how->n > 0 ? how->n : strlen(how->bytes), more = 0;
	bool is_good = true;

	if (s->is_over || !s->is_asked)
		return;
	if (s->sent < all) {
		size_t n = all - s->sent;
		if (how->piece > 0 && n > how->piece)
			n = how->piece;
		is_good = peer_send(s, how->bytes + s->sent, n, &s->sent);
		if (how->piece > 0)
			usleep(1000);
	} else if (how->loop != NULL) {
		is_good = peer_send(s, how->loop, how->n_loop > 0 ? how->n_loop : strlen(how->loop), &more);
	}
	if (is_good && (s->sent < all || how->loop != NULL || how->stays_open))
		return;
	s->is_over = true;
	close(s->fd);
	s->fd = -1;
}

static inline void peer_listen(struct serving *s)
{
	uint8_t bytes[16384], out[16384];
	ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
		s->is_over = true;
		return;
	}
	if (s->has_tls) {
		size_t m = peer_run(&s->tls, bytes, (size_t)n, out, sizeof out);
		if (m > 0)
			(void)!send(s->fd, out, m, MSG_NOSIGNAL);
		int plain = SSL_is_init_finished(s->tls.ssl) ? SSL_read(s->tls.ssl, bytes, sizeof bytes) : 0;
		n = plain > 0 ? plain : 0;
	}
	if (n > 0 && got.n_request + (size_t)n < sizeof got.request) {
		memcpy(got.request + got.n_request, bytes, (size_t)n);
		got.n_request += (size_t)n;
	}
	const char *blank = strstr(got.request, "\r\n\r\n");
	s->is_asked = s->is_asked || (blank != NULL && got.n_request - (size_t)(blank + 4 - got.request) >= s->how->body);
}

static inline void got_reset(void)
{
	buf_free(&got.body);
	memset(&got, 0, sizeof got);
	got.body = buf_new(64 * 1024 * 1024);
}

/* Hands a connection over and plays its server until the end has come, or ms have passed. False: the program is gone. */
static inline bool peer_fetch(const struct fetch_ask *m, const struct served *how, int ms)
{
	static uint32_t id;
	int pair[2];
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	bool keeps = got.keeps;

	got_reset();
	got.keeps = keeps;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct serving s = { .fd = pair[0], .how = how };
	if (how->tls != NULL) {
		s.tls = peer_new(how->tls);
		s.has_tls = true;
	}
	fetchmsg_put_ask(&payload, m);
	peer_put(FETCH_GET, ++id, &payload, pair[1]);
	close(pair[1]);
	bool is_there = true;
	for (uint64_t end = clock_ms() + (uint64_t)ms; is_there && !got.has_tail && clock_ms() < end;) {
		bool sends = s.fd >= 0 && s.is_asked && (how->loop != NULL || s.sent < (how->bytes ? how->n ? how->n : strlen(how->bytes) : 0));
		struct pollfd p[2] = {
			{ .fd = peer_role.fd, .events = POLLIN },
			{ .fd = s.fd, .events = (short)(POLLIN | (sends ? POLLOUT : 0)) },
		};
		(void)poll(p, 2, 50);
		if ((p[1].revents & (POLLIN | POLLHUP)) != 0)
			peer_listen(&s);
		if (s.fd >= 0)
			peer_serve(&s);
		if (p[0].revents != 0)
			is_there = peer_read(id);
	}
	if (s.fd >= 0)
		close(s.fd);
	if (s.has_tls)
		peer_free(&s.tls);
	if (!got.has_tail) {
		peer_put(FETCH_CANCEL, id, NULL, -1);
	}
	return is_there;
}

#endif
