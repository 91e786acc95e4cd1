// Main's end of looking into files, against a file role that is played here: what it is handed, how many run at once, and what happens when one dies,
// lies, falls silent, takes too long, or is not wanted any more.
// uses: host/priv/filelink.c host/priv/filemsg.c host/priv/parsemsg.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "priv/filelink.h"
#include "priv/role.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the role ---- */

struct role {
	const struct role_ops *ops;
	void *arg;
	uint16_t type;
	uint32_t id;
	int fd;
	struct file_ask ask;
	bool is_killed, is_freed;
};
static struct role roles[128];
static size_t n_roles, n_freed;
static enum err send_err;
static uint64_t now = 1000;
static struct event_base *base;
static struct filelink *files;

uint64_t clock_ms(void) { return now; }

struct role *role_new(struct event_base *b, const char *program, uint16_t config_type, const struct buf *config,
                      bool is_kept, const struct role_ops *ops, void *arg)
{
	(void)b;
	assert_string_equal(program, "secondexit-file");
	assert_int_equal(config_type, FILE_CONFIG);
	assert_null(config);
	assert_false(is_kept);
	assert_true(n_roles < 128);
	roles[n_roles] = (struct role){ .ops = ops, .arg = arg, .fd = -1 };
	return &roles[n_roles++];
}
void role_kill(struct role *r) { r->is_killed = true; }
void role_free(struct role *r)
{
	if (!r)
		return;
	assert_false(r->is_freed);
	r->is_freed = true;
	n_freed++;
	if (r->fd >= 0)
		close(r->fd);
}
enum err role_send(struct role *r, uint16_t type, uint32_t id, const struct buf *payload)
{
	r->type = type;
	r->id = id;
	assert_int_equal(filemsg_get_ask(rd_of(payload->bytes, payload->len), &r->ask), OK);
	return send_err;
}
enum err role_send_fd(struct role *r, uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	r->fd = fd;
	return role_send(r, type, id, payload);
}

/* ---- asking ---- */

static struct { unsigned n; enum err err; bool has; struct file_class_r class; struct file_commit_r commit; } got[64];

static void classed(void *arg, enum err err, const struct file_class_r *r)
{
	size_t i = (size_t)(uintptr_t)arg;
	got[i].n++;
	got[i].err = err;
	got[i].has = r != NULL;
	if (r)
		got[i].class = *r;
}
static void committed(void *arg, enum err err, const struct file_commit_r *r)
{
	size_t i = (size_t)(uintptr_t)arg;
	got[i].n++;
	got[i].err = err;
	got[i].has = r != NULL;
	if (r)
		got[i].commit = *r;
}

static int a_file(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC), ro;
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	assert_true(ro >= 0);
	return ro;
}

static const struct file_ask ask = { .os = FILE_ON_LINUX, .name = "a.exe", .type = "text/plain" };

static uint32_t classify(size_t i)
{
	uint32_t id = 0;
	assert_int_equal(filelink_classify(files, &ask, a_file(), 0, classed, (void *)(uintptr_t)i, &id), OK);
	assert_true(id != 0);
	return id;
}

static void turn(void) { event_base_loop(base, EVLOOP_NONBLOCK); }

static void answer(struct role *r, uint16_t type, uint32_t id, const struct buf *b)
{
	const struct frame f = { type, id, rd_of(b->bytes, b->len) };
	r->ops->frame(r->arg, &f);
}

static void answer_class(struct role *r)
{
	struct buf b = buf_new(FRAME_MAX);
	const struct file_class_r m = { .class = FILE_OTHER, .why = FILE_WHY_NAME, .format = "zip", .member = "\xc3\xa4", .members = 7 };
	filemsg_put_class_r(&b, &m);
	answer(r, FILE_R_CLASS, r->id, &b);
	buf_free(&b);
}

static int begin(void **state)
{
	(void)state;
	memset(got, 0, sizeof got);
	n_roles = n_freed = 0;
	send_err = OK;
	base = event_base_new();
	files = filelink_new(base);
	return files ? 0 : -1;
}
static int end(void **state)
{
	(void)state;
	filelink_free(files);
	assert_int_equal(n_freed, n_roles);
	event_base_free(base);
	return 0;
}

/* ---- tests ---- */

static void one(void **state)
{
	(void)state;
	classify(0);
	assert_int_equal(n_roles, 0);
	turn();
	assert_int_equal(n_roles, 1);
	assert_int_equal(roles[0].type, FILE_CLASSIFY);
	assert_true(roles[0].fd >= 0 && roles[0].ask.has_file == 1);
	assert_string_equal(roles[0].ask.name, "a.exe");
	answer_class(&roles[0]);
	assert_int_equal(got[0].n, 1);
	assert_int_equal(got[0].err, OK);
	assert_int_equal(got[0].class.members, 7);
	/* A second answer, and death, change nothing. */
	answer_class(&roles[0]);
	roles[0].ops->died(roles[0].arg, ERR_ROLE_DIED);
	turn();
	assert_true(roles[0].is_killed && roles[0].is_freed);
	assert_int_equal(got[0].n, 1);
}

static void by_name(void **state)
{
	(void)state;
	assert_int_equal(filelink_classify(files, &ask, -1, 0, classed, NULL, NULL), OK);
	turn();
	assert_true(roles[0].fd == -1 && roles[0].ask.has_file == 0);
	assert_int_equal(filelink_commit(files, -1, 0, committed, NULL, NULL), ERR_USAGE);
}

static void commitment(void **state)
{
	(void)state;
	struct buf b = buf_new(FRAME_MAX);
	const struct file_commit_r m = { .status = FILE_COMMIT_FITS, .format = "pe", .method = "authenticode", .digest = "sha256", .size = 100, .part = 20,
	                                 .n = 2, .range = { { 0, 10 }, { 90, 10 } } };
	assert_int_equal(filelink_commit(files, a_file(), 0, committed, NULL, NULL), OK);
	turn();
	assert_int_equal(roles[0].type, FILE_COMMIT);
	filemsg_put_commit_r(&b, &m);
	answer(&roles[0], FILE_R_COMMIT, roles[0].id, &b);
	assert_int_equal(got[0].err, OK);
	assert_int_equal(got[0].commit.range[1].offset, 90);
	buf_free(&b);
}

static void nonsense(void **state)
{
	(void)state;
	struct buf b = buf_new(FRAME_MAX), commit = buf_new(FRAME_MAX), error = buf_new(8), none = buf_new(1);
	const struct file_commit_r m = { .status = FILE_COMMIT_NONE, .size = 100 };
	buf_u32(&b, 77);
	filemsg_put_commit_r(&commit, &m);
	buf_u32(&error, 12345);
	const struct { uint16_t type; uint32_t more; const struct buf *b; } lies[] = {
		{ FILE_R_CLASS, 0, &b }, { FILE_R_COMMIT, 0, &commit }, { FILE_R_ALIVE, 0, &b }, { FILE_R_ERROR, 0, &error }, { FILE_R_ERROR, 0, &none },
		{ FILE_CLASSIFY, 0, &b }, { 99, 0, &b }, { FILE_R_CLASS, 1, &b },
	};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		classify(i);
		turn();
		answer(&roles[i], lies[i].type, roles[i].id + lies[i].more, lies[i].b);
		assert_int_equal(got[i].n, 1);
		assert_int_equal(got[i].err, ERR_ROLE_DIED);
		assert_false(got[i].has);
		turn();
		assert_true(roles[i].is_killed && roles[i].is_freed);
	}
	buf_free(&b);
	buf_free(&commit);
	buf_free(&error);
}

/* Every cut of an answer, and every byte of it changed: taken whole or not at all. */
static void answers_strictly(void **state)
{
	(void)state;
	struct buf b = buf_new(FRAME_MAX);
	struct file_commit_r m = { .status = FILE_COMMIT_FITS, .format = "pe", .method = "a", .digest = "sha256", .size = 100, .part = 20,
	                           .n = 2, .range = { { 0, 10 }, { 90, 10 } } }, out;
	filemsg_put_commit_r(&b, &m);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(filemsg_get_commit_r(rd_of(b.bytes, n), &out), ERR_FORMAT);
	buf_u8(&b, 0);
	assert_int_equal(filemsg_get_commit_r(rd_of(b.bytes, b.len), &out), ERR_FORMAT);
	b.len--;
	assert_int_equal(filemsg_get_commit_r(rd_of(b.bytes, b.len), &out), OK);
	/* The ranges' rule: ordered, apart, inside, their sum. */
	size_t first = b.len - 32;
	static const uint64_t bad[][4] = { { 0, 0, 90, 20 }, { 0, 90, 90, 10 }, { 0, 10, 5, 10 }, { 90, 10, 0, 10 }, { 0, 10, 91, 10 }, { 0, 10, 101, 10 },
	                                   { 0, 10, 90, 9 }, { 0, UINT64_MAX, 90, 21 }, { UINT64_MAX, 10, 90, 10 }, { 0, 10, 10, 10 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		for (size_t k = 0; k < 4; k++)
			for (size_t byte = 0; byte < 8; byte++)
				b.bytes[first + 8 * k + byte] = (uint8_t)(bad[i][k] >> (56 - 8 * byte));
		if (filemsg_get_commit_r(rd_of(b.bytes, b.len), &out) != ERR_FORMAT)
			fail_msg("ranges %zu", i);
	}
	buf_free(&b);
}

static void death_and_silence(void **state)
{
	(void)state;
	struct buf alive = buf_new(8);
	buf_u64(&alive, 1);
	classify(0);
	classify(1);
	turn();
	roles[0].ops->died(roles[0].arg, ERR_ROLE_DIED);
	assert_int_equal(got[0].err, ERR_ROLE_DIED);
	assert_int_equal(got[1].n, 0);
	/* It lives as long as it says so, and its deadline allows. */
	for (unsigned i = 0; i < 10; i++) {
		now += FILE_SILENCE_MS - 1;
		answer(&roles[1], FILE_R_ALIVE, roles[1].id, &alive);
		filelink_cancel(files, 0);
		turn();
		assert_int_equal(got[1].n, 0);
	}
	now += FILE_SILENCE_MS;
	filelink_cancel(files, 0);   /* looks at the time anew: the clock is played */
	turn();
	assert_int_equal(got[1].n, 1);
	assert_int_equal(got[1].err, ERR_TIMEOUT);
	assert_true(roles[1].is_killed);
	uint32_t id;
	assert_int_equal(filelink_classify(files, &ask, a_file(), 5000, classed, (void *)2, &id), OK);
	turn();
	now += 5000;
	answer(&roles[2], FILE_R_ALIVE, roles[2].id, &alive);
	filelink_cancel(files, 0);
	turn();
	assert_int_equal(got[2].err, ERR_TIMEOUT);
	buf_free(&alive);
}

static void some_at_once(void **state)
{
	(void)state;
	uint32_t id[5];
	for (size_t i = 0; i < 5; i++)
		id[i] = classify(i);
	turn();
	assert_int_equal(n_roles, FILE_TASKS_AT_ONCE);
	/* One that waits, and one that runs, are cancelled: no call, and the next begins. */
	filelink_cancel(files, id[2]);
	filelink_cancel(files, id[0]);
	turn();
	assert_true(roles[0].is_killed && roles[0].is_freed);
	assert_int_equal(n_roles, 3);
	assert_int_equal(roles[2].id, id[3]);
	answer_class(&roles[1]);
	answer_class(&roles[2]);
	turn();
	answer_class(&roles[3]);
	assert_true(got[0].n == 0 && got[1].n == 1 && got[2].n == 0 && got[3].n == 1 && got[4].n == 1);
	assert_int_equal(roles[3].id, id[4]);
	for (size_t i = 0; i < FILE_TASKS_MAX; i++)
		classify(10);
	assert_int_equal(filelink_classify(files, &ask, a_file(), 0, classed, NULL, NULL), ERR_MSG_BUSY);
}

static void what_it_may_be_given(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(filelink_commit(files, pair[0], 0, committed, NULL, NULL), ERR_USAGE);
	assert_int_equal(filelink_commit(files, memfd_create("x", 0), 0, committed, NULL, NULL), ERR_USAGE);
	assert_int_equal(filelink_commit(files, open("/", O_RDONLY), 0, committed, NULL, NULL), ERR_USAGE);
	assert_int_equal(filelink_commit(files, open("/dev/null", O_RDONLY), 0, committed, NULL, NULL), ERR_USAGE);
	/* Taken in any case. */
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	close(pair[1]);
	/* A program that can't be started. */
	send_err = ERR_IO;
	classify(0);
	turn();
	assert_int_equal(got[0].n, 1);
	assert_int_equal(got[0].err, ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one, begin, end), cmocka_unit_test_setup_teardown(by_name, begin, end),
		cmocka_unit_test_setup_teardown(commitment, begin, end), cmocka_unit_test_setup_teardown(nonsense, begin, end),
		cmocka_unit_test(answers_strictly), cmocka_unit_test_setup_teardown(death_and_silence, begin, end),
		cmocka_unit_test_setup_teardown(some_at_once, begin, end), cmocka_unit_test_setup_teardown(what_it_may_be_given, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
