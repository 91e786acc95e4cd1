// Frames with descriptors between two channels, and against a peer that lies about them: exactly one with exactly that
// frame, nothing left open whatever happens.
// uses: host/priv/channel.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "priv/channel.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Frames of this type bring a descriptor that is wanted. */
#define WITH 7

static struct event_base *base;

struct end {
	struct channel *c;
	size_t n_frames, n_lost, n_fds, n_missing;
	enum err err;
	ino_t last;          /* of the last descriptor */
	uint32_t last_id;
	bool frees;          /* the channel, within the frame's callback */
};

static void on_frame(void *arg, const struct frame *f)
{
	struct end *e = arg;
	struct stat s;

	e->n_frames++;
	if (f->type == WITH) {
		int fd = channel_take_fd(e->c);
		if (fd < 0) {
			e->n_missing++;
		} else {
			assert_int_equal(fstat(fd, &s), 0);
			assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
			e->last = s.st_ino;
			e->last_id = f->id;
			e->n_fds++;
			close(fd);
			assert_int_equal(channel_take_fd(e->c), -1);
		}
	}
	if (e->frees) {
		channel_free(e->c);
		e->c = NULL;
	}
}

static void on_lost(void *arg, enum err err)
{
	struct end *e = arg;

	e->n_lost++;
	e->err = err;
}

static const struct channel_ops ops = { on_frame, on_lost };

static size_t descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 512; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void turn(void)
{
	for (int i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static int pipe_end(ino_t *inode)
{
	int pair[2];
	struct stat s;

	assert_int_equal(pipe(pair), 0);
	close(pair[1]);
	assert_int_equal(fstat(pair[0], &s), 0);
	if (inode != NULL)
		*inode = s.st_ino;
	return pair[0];
}

static size_t before;

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	before = descriptors();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(descriptors(), before);
	event_base_free(base);
	return 0;
}

static void two(struct end *a, struct end *b)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*a = *b = (struct end){ 0 };
	a->c = channel_new(base, pair[0], &ops, a);
	b->c = channel_new(base, pair[1], &ops, b);
	assert_non_null(a->c);
	assert_non_null(b->c);
}

static void bytes_of(struct buf *b, size_t n)
{
	static const uint8_t zeros[FRAME_MAX];

	*b = buf_new(FRAME_MAX);
	buf_put(b, zeros, n);
}

/* ---- two of ours ---- */

/* Among frames of every size without one, each arrives with its own. */
static void in_order(void **state)
{
	(void)state;
	struct end a, b;
	ino_t inode = 0;
	static const size_t sizes[] = { 0, 1, 100, 16380, 16384, 40000, 200000, FRAME_MAX - 6 };

	two(&a, &b);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
			struct buf plain BUF_AUTO, with BUF_AUTO;
			bytes_of(&plain, sizes[i]);
			bytes_of(&with, sizes[k]);
			assert_int_equal(channel_send(a.c, 1, 1, &plain), OK);
			assert_int_equal(channel_send_fd(a.c, WITH, (uint32_t)(i * 8 + k), &with, pipe_end(NULL)), OK);
			assert_int_equal(channel_send_fd(a.c, WITH, 1000, NULL, pipe_end(&inode)), OK);
			assert_int_equal(channel_send(a.c, 2, 1, NULL), OK);
			turn();
		}
	}
	assert_int_equal(b.n_frames, 64 * 4);
	assert_int_equal(b.n_fds, 64 * 2);
	assert_int_equal(b.n_missing, 0);
	assert_true(b.last == inode && b.last_id == 1000);
	assert_int_equal(b.n_lost, 0);
	channel_free(a.c);
	channel_free(b.c);
}

/* All that may wait at once; one more is refused and closed, the channel goes on. */
static void full_queue(void **state)
{
	(void)state;
	struct end a, b;
	struct buf big BUF_AUTO;

	two(&a, &b);
	for (size_t i = 0; i < CHANNEL_FDS_MAX; i++)
		assert_int_equal(channel_send_fd(a.c, WITH, (uint32_t)i, NULL, pipe_end(NULL)), OK);
	assert_int_equal(channel_send_fd(a.c, WITH, 99, NULL, pipe_end(NULL)), ERR_TOO_BIG);
	turn();
	assert_int_equal(b.n_fds, CHANNEL_FDS_MAX);
	/* The queue of bytes is full: the descriptor is closed too. */
	bytes_of(&big, 200000);
	while (channel_send(a.c, 1, 1, &big) == OK)
		continue;
	assert_int_equal(channel_send_fd(a.c, WITH, 99, &big, pipe_end(NULL)), ERR_TOO_BIG);
	for (int i = 0; i < 40; i++)
		turn();
	assert_int_equal(b.n_fds, CHANNEL_FDS_MAX);
	assert_int_equal(b.n_lost, 0);
	channel_free(a.c);
	channel_free(b.c);
}

/* Unsent, half sent, unread, and sent to nobody. */
static void ends_close_them(void **state)
{
	(void)state;
	for (int how = 0; how < 5; how++) {
		struct end a, b;
		struct buf big BUF_AUTO;
		two(&a, &b);
		bytes_of(&big, 200000);
		if (how >= 2)
			for (int i = 0; i < 4; i++)
				assert_int_equal(channel_send(a.c, 1, 1, &big), OK);
		for (int i = 0; i < 5; i++)
			assert_int_equal(channel_send_fd(a.c, WITH, 1, &big, pipe_end(NULL)), OK);
		if (how == 1)
			turn();
		if (how == 3)
			event_base_loop(base, EVLOOP_NONBLOCK);
		if (how == 4) {
			channel_free(b.c);
			b.c = NULL;
			turn();
			assert_int_equal(a.n_lost, 1);
			assert_int_equal(channel_send_fd(a.c, WITH, 1, NULL, pipe_end(NULL)), ERR_CLOSED);
		}
		channel_free(a.c);
		channel_free(b.c);
	}
}

/* Freed in the callback of the very frame, taken or not. */
static void freed_within(void **state)
{
	(void)state;
	for (uint16_t type = WITH - 1; type <= WITH; type++) {
		struct end a, b;
		two(&a, &b);
		b.frees = true;
		assert_int_equal(channel_send_fd(a.c, type, 1, NULL, pipe_end(NULL)), OK);
		assert_int_equal(channel_send_fd(a.c, type, 1, NULL, pipe_end(NULL)), OK);
		turn();
		assert_null(b.c);
		assert_int_equal(b.n_frames, 1);
		assert_int_equal(b.n_lost, 0);
		channel_free(a.c);
	}
}

static void unwanted(void **state)
{
	(void)state;
	struct end a, b;

	two(&a, &b);
	assert_int_equal(channel_send_fd(a.c, WITH - 1, 1, NULL, pipe_end(NULL)), OK);
	assert_int_equal(channel_send(a.c, 1, 1, NULL), OK);
	turn();
	assert_int_equal(b.n_frames, 1);
	assert_int_equal(b.n_lost, 1);
	assert_int_equal(b.err, ERR_FORMAT);
	channel_free(a.c);
	channel_free(b.c);
}

/* ---- a peer that lies ---- */

static void raw(int fd, const uint8_t *bytes, size_t n, const int *fds, size_t n_fds)
{
	union { struct cmsghdr head; uint8_t room[CMSG_SPACE(sizeof(int) * 8)]; } control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * n_fds);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	}
	assert_int_equal(sendmsg(fd, &m, 0), (ssize_t)n);
}

static int lonely(struct end *b)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*b = (struct end){ 0 };
	b->c = channel_new(base, pair[1], &ops, b);
	assert_non_null(b->c);
	return pair[0];
}

static const uint8_t frame[] = { 0, 0, 0, 10, 0, WITH, 0, 0, 0, 5, 'a', 'b', 'c', 'd' };

/* Cut at every byte, the descriptor with the first part or the second: it is this frame's. Cut off there: it is closed. */
static void split_everywhere(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= sizeof frame; cut++) {
		for (int with_second = 0; with_second < 2; with_second++) {
			for (int ends = 0; ends < 2; ends++) {
				struct end b;
				int fd = lonely(&b), one = pipe_end(NULL);
				raw(fd, frame, cut, &one, with_second ? 0 : 1);
				turn();
				if (!ends && cut < sizeof frame)
					raw(fd, frame + cut, sizeof frame - cut, &one, with_second ? 1 : 0);
				turn();
				bool is_whole = cut == sizeof frame || !ends;
				assert_int_equal(b.n_frames, is_whole);
				assert_int_equal(b.n_fds, is_whole && !(with_second && cut == sizeof frame));
				assert_int_equal(b.n_lost, 0);
				close(one);
				close(fd);
				turn();
				assert_int_equal(b.n_lost, 1);
				channel_free(b.c);
			}
		}
	}
}

/* More than one: at once, or one with each half. */
static void too_many(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 8; n++) {
		struct end b;
		int fds[8], fd = lonely(&b);
		for (size_t i = 0; i < n; i++)
			fds[i] = pipe_end(NULL);
		raw(fd, frame, sizeof frame, fds, n);
		turn();
		assert_int_equal(b.n_frames, 0);
		assert_int_equal(b.err, ERR_FORMAT);
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		close(fd);
		channel_free(b.c);
	}
	for (size_t cut = 1; cut < sizeof frame; cut++) {
		for (int turns = 0; turns < 2; turns++) {
			struct end b;
			int fd = lonely(&b), one = pipe_end(NULL);
			raw(fd, frame, cut, &one, 1);
			if (turns)
				turn();
			raw(fd, frame + cut, sizeof frame - cut, &one, 1);
			turn();
			assert_int_equal(b.n_frames, 0);
			assert_int_equal(b.err, ERR_FORMAT);
			close(one);
			close(fd);
			channel_free(b.c);
		}
	}
}

/* One with each byte: the third is too many whatever they belong to. */
static void one_with_each_byte(void **state)
{
	(void)state;
	struct end b;
	int fd = lonely(&b), one = pipe_end(NULL);

	for (size_t i = 0; i < 4; i++)
		raw(fd, frame + i, 1, &one, 1);
	turn();
	assert_int_equal(b.n_frames, 0);
	assert_int_equal(b.n_lost, 1);
	close(one);
	close(fd);
	channel_free(b.c);
}

static void missing(void **state)
{
	(void)state;
	struct end b;
	int fd = lonely(&b), one = pipe_end(NULL);

	/* The next frame's descriptor is not this one's. */
	raw(fd, frame, sizeof frame, NULL, 0);
	raw(fd, frame, sizeof frame, &one, 1);
	turn();
	assert_int_equal(b.n_frames, 2);
	assert_int_equal(b.n_missing, 1);
	assert_int_equal(b.n_fds, 1);
	assert_int_equal(b.n_lost, 0);
	close(one);
	close(fd);
	channel_free(b.c);
}

/* Behind a length that can't be. */
static void broken_frame(void **state)
{
	(void)state;
	static const uint8_t lie[] = { 0xff, 0xff, 0xff, 0xff };
	struct end b;
	int fd = lonely(&b), one = pipe_end(NULL);

	raw(fd, lie, sizeof lie, &one, 1);
	turn();
	assert_int_equal(b.n_lost, 1);
	assert_int_equal(b.err, ERR_TOO_BIG);
	close(one);
	close(fd);
	channel_free(b.c);
}

#define CHANNEL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(in_order), CHANNEL_TEST(full_queue), CHANNEL_TEST(ends_close_them), CHANNEL_TEST(freed_within),
		CHANNEL_TEST(unwanted), CHANNEL_TEST(split_everywhere), CHANNEL_TEST(too_many), CHANNEL_TEST(one_with_each_byte),
		CHANNEL_TEST(missing), CHANNEL_TEST(broken_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
