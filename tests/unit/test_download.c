// Downloads, against a world that does what the test says (dlworld.h). What is real: everything under host/feature that has to do with downloads,
// and the files.
// uses: host/feature/fetch_slots.c host/feature/download.c host/feature/download_run.c host/feature/download_plan.c host/feature/download_slots.c host/feature/download_fetch.c host/feature/download_head.c host/feature/download_bytes.c host/feature/download_local.c host/feature/download_sites.c host/feature/limits_auto.c host/feature/dlfile.c host/feature/dlname.c host/feature/dldigest.c host/feature/dlranges.c host/feature/url.c host/base/dlverdict.c host/base/verdict.c host/engine/target.c host/priv/fetchmsg.c host/priv/filemsg.c host/priv/parsemsg.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium -lm
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "dlworld.h"
#include "feature/dldigest.h"

#define SIZE ((size_t)700000)
#define BIG ((size_t)(9 << 20))
static uint8_t honest[BIG], patched[BIG], another[BIG], appended[BIG + 16];

static struct downloads *begin(unsigned exits, unsigned firsts)
{
	char dir[sizeof w.dir];
	memcpy(dir, w.dir, sizeof dir);
	memset(&w, 0, sizeof w);
	memset(&got, 0, sizeof got);
	memcpy(w.dir, dir, sizeof dir);
	empty_dir();
	w.now = 1000;
	w.wake = UINT64_MAX;
	w.n_exits = exits;
	w.first_n = firsts;
	w.hop_n = 1;
	snprintf(w.last_host, sizeof w.last_host, "site.test:80");
	for (unsigned i = 0; i < EXITS; i++)
		w.plan[i] = (struct exit_plan){ .data = honest, .n = SIZE, .etag = "\"v1\"", .modified = "Tue, 01 Sep 2026 10:00:00 GMT" };
	struct downloads *d = downloads_new(&ops, &sink);
	assert_ptr_equal(d, w.d);
	return d;
}

static struct download_request request(bool is_fetch)
{
	struct download_request r = {
		.key = { .first_party = "Site.test", .host = "SITE.test.", .port = 80 }, .proxy = CERT_PROXY_SOCKS, .is_fetch = is_fetch, .n_urls = 1,
		.url = { "http://site.test/get/setup.bin#x" }, .name = "setup.bin", .user_agent = "UA", .accept = "a", .accept_language = "l",
		.content_type = "application/octet-stream", .length = -1, .local_size = -1, .whole_max = 100 << 20, .budget = 1 << 20, .link_secure = true, .clicked = true,
	};
	snprintf(r.dir, sizeof r.dir, "%s", w.dir);
	snprintf(r.path, sizeof r.path, "%s", in_dir("setup.bin.part"));
	return r;
}

/* Until a result comes, or nothing moves any more. */
static bool run_on(void)
{
	unsigned before = got.calls;
	for (int i = 0; i < 2000000 && got.calls == before; i++)
		if (!step()) {
			if (w.wake == UINT64_MAX)
				return false;
			if (w.wake > w.now)
				w.now = w.wake;
			downloads_tick(w.d);
		}
	return got.calls > before;
}

static void run(void)
{
	assert_true(run_on());
}

static void expect(enum verdict v, enum reason reason)
{
	if (got.r.verdict != v || got.r.reason != reason)
		fail_msg("%s %s (%s)", verdict_name(got.r.verdict), reason_name(got.r.reason), err_name(got.r.error));
	assert_true(v == VERDICT_MATCH || got.r.state != DL_STATE_FINISHED);
	if (v != VERDICT_MATCH)
		assert_int_not_equal(access(in_dir("setup.bin"), F_OK), 0);
}

static void fetch(struct downloads *d, uint32_t id)
{
	struct download_request r = request(true);
	assert_int_equal(download_start(d, id, &r), OK);
	run();
	assert_int_equal(got.id, id);
}

/* The browser has it all. */
static struct download_request held_by_browser(const uint8_t *bytes, size_t n)
{
	struct download_request r = request(false);
	write_file("setup.bin.part", bytes, n);
	r.local_size = (int64_t)n;
	r.length = (int64_t)n;
	snprintf(r.etag, sizeof r.etag, "\"v1\"");
	return r;
}

static void verify(struct downloads *d, uint32_t id, const uint8_t *bytes, size_t n)
{
	struct download_request r = held_by_browser(bytes, n);
	assert_int_equal(download_start(d, id, &r), OK);
	run();
	assert_int_equal(got.id, id);
	assert_true(file_is(in_dir("setup.bin.part"), bytes, n));
	assert_int_equal(got.r.state, DL_STATE_BROWSER);
}

/* Nothing is left behind: no request, no .part. */
static void done(struct downloads *d)
{
	downloads_free(d);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(w.list[i].what, W_NONE);
	assert_null(w.d);
}

/* ---- the standard edition: two copies ---- */

static void two_equal_copies_are_a_match(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	fetch(d, 1);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_int_equal(got.r.method, DL_METHOD_WHOLE);
	assert_string_equal(got.path, in_dir("setup.bin"));
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
	assert_int_equal(count_files(), 1);
	assert_int_equal(got.r.compared, SIZE);
	assert_int_equal(got.r.n_others, 2);
	assert_int_equal(got.r.answered, 1);
	assert_true(got.others[0].agrees == 1 && got.others[1].agrees == 1 && got.others[1].has_sha256);
	assert_memory_equal(got.others[1].sha256, got.r.sha256, 32);
	assert_int_equal(w.requests[0], 0);
	assert_int_equal(got.r.class_, DL_CLASS_EXECUTABLE);
	struct stat st;
	assert_int_equal(stat(in_dir("setup.bin"), &st), 0);
	assert_int_equal(st.st_mode & 0111, 0);
	assert_true(got.progress > 4);
	done(d);
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
}

static void nothing_is_overwritten(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	write_file("setup.bin", patched, 10);
	write_file("setup(1).bin.part", patched, 11);
	struct download_request r = request(true);
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	assert_string_equal(got.path, in_dir("setup(2).bin"));
	assert_true(file_is(in_dir("setup.bin"), patched, 10));
	assert_true(file_is(in_dir("setup(1).bin.part"), patched, 11));
	done(d);
}

/* The copy's exit alters: two others have the same other file. */
static void a_false_copy_is_a_mismatch(void **state)
{
	(void)state;
	static const struct { uint8_t *data; size_t n; } evil[] = { { patched, SIZE }, { another, SIZE }, { appended, SIZE + 16 }, { honest, SIZE - 1 }, { honest, 0 } };
	for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
		struct downloads *d = begin(8, 1);
		w.plan[1].data = evil[i].data;
		w.plan[1].n = evil[i].n;
		fetch(d, 1);
		expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		assert_int_equal(count_files(), 0);
		assert_true(got.r.can_keep && got.r.download && got.path[0] == '\0' && got.r.state == DL_STATE_NONE);
		assert_true(got.r.n_ranges >= 1);
		/* Kept only when asked for, and not as a program. */
		char path[4400];
		assert_int_equal(download_keep(d, got.r.download, path, sizeof path), OK);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_non_null(strstr(path, ".evidence"));
		assert_true(file_is(path, evil[i].data, evil[i].n));
		assert_int_equal(download_retry(d, 2, got.r.download, false), ERR_DL_UNKNOWN);
		assert_int_equal(download_discard(d, got.r.download), OK);
		assert_int_equal(download_keep(d, got.r.download, path, sizeof path), ERR_DL_UNKNOWN);
		done(d);
	}
}

static void one_patched_byte_is_shown(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	w.plan[1].data = patched;
	fetch(d, 1);
	assert_int_equal(got.r.n_ranges, 1);
	assert_int_equal(got.range[0].offset, 12345);
	assert_int_equal(got.range[0].length, 1);
	assert_true(got.ours[0].n == 1 && got.ours[0].bytes[0] == patched[12345] && got.theirs[0].n == 1 && got.theirs[0].bytes[0] == honest[12345]);
	done(d);
}

/* Whatever differs, and however the answers are split: what is shown stands there, in both, 4 KiB at most, from the beginning of each range. */
static void what_differs_is_shown(void **state)
{
	(void)state;
	static uint8_t evil[SIZE];
	static const size_t chunks[] = { 0, 1, 7, 1000 };
	for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
		struct downloads *d = begin(8, 1);
		size_t n = chunks[c] == 1 ? 4000 : SIZE;
		for (unsigned e = 0; e < EXITS; e++) {
			w.plan[e].n = n;
			w.plan[e].chunk = chunks[c];
		}
		memcpy(evil, honest, sizeof evil);
		evil[0] ^= 1;
		for (size_t i = 100; i < 140; i += 13)
			evil[i] ^= 0xff;   /* not farther apart than is one range */
		for (size_t i = 1000; i < 3500; i++)
			evil[i] ^= 0x55;
		for (size_t i = 20000; i < 30000 && n == SIZE; i++)
			evil[i] ^= 0x33;   /* more than is left of 4 KiB */
		w.plan[1].data = evil;
		w.plan[1].n = n == SIZE ? SIZE - 5 : n;
		fetch(d, 1);
		expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		assert_int_equal(got.r.n_ranges, n == SIZE ? 5 : 3);
		size_t here = 0, there = 0;
		for (size_t i = 0; i < got.r.n_ranges; i++) {
			const struct dl_range *r = &got.range[i];
			assert_memory_equal(got.ours[i].bytes, evil + r->offset, got.ours[i].n);
			assert_memory_equal(got.theirs[i].bytes, honest + r->offset, got.theirs[i].n);
			here += got.ours[i].n;
			there += got.theirs[i].n;
		}
		assert_true(got.range[1].offset == 100 && got.range[1].length == 40 && got.theirs[1].n == 40 && got.ours[1].n == 40);
		assert_true(got.range[2].length == 2500 && got.theirs[2].n == 2500 && got.ours[2].n == 2500);
		if (n == SIZE)
			assert_true(here == 4096 && there == 4096 && got.ours[4].n == 0);
		done(d);
	}
}

/* ---- an exit that is looked at ---- */

static void look_at(struct downloads *d, unsigned exit, uint64_t copy_max)
{
	struct download_request r = request(true);
	r.has_no_first = r.has_given = r.clicked = true;
	r.content_type[0] = '\0';
	r.copy_max = copy_max;
	memset(r.given, (int)exit + 1, FP_LEN);
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	assert_int_equal(count_files(), 0);
	assert_true(got.r.state == DL_STATE_NONE && !got.r.can_keep && got.path[0] == '\0');
}

static const struct download_answer *answer_of(unsigned exit)
{
	for (size_t i = got.r.n_others; i-- > 0;)
		if (got.others[i].exit.fp[0] == exit + 1)
			return &got.others[i];
	fail_msg("exit %u was not asked", exit);
	return NULL;
}

static void one_exit_is_looked_at(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 0);
	look_at(d, 5, 0);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(answer_of(5)->is_copy && answer_of(5)->has_answer && w.requests[5] == 1);
	done(d);
	d = begin(8, 0);
	w.plan[5].data = patched;
	look_at(d, 5, 0);
	expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
	assert_true(answer_of(5)->is_copy && answer_of(5)->has_answer && w.requests[5] == 1);
	assert_int_equal(got.theirs[0].n, 1);
	done(d);
	/* One of the others lies: nobody is accused. */
	d = begin(8, 0);
	w.plan[0].data = patched;
	look_at(d, 5, 0);
	assert_int_not_equal(got.r.verdict, VERDICT_MISMATCH);
	done(d);
}

static void it_is_gone_or_silent(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 0);
	look_at(d, 20, 0);
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(got.r.error, ERR_EXIT_UNKNOWN);
	assert_int_equal(w.fetches, 0);
	done(d);
	/* Nothing, or never the end of it: the same exit several times, then another, to see whether there is a file at all. */
	for (int half = 0; half < 2; half++) {
		d = begin(8, 0);
		if (half) {
			w.plan[5].end_err = ERR_CLOSED;
			w.plan[5].end_at = 1000;
		} else {
			w.plan[5].err = ERR_HTTP_STALLED;
		}
		look_at(d, 5, 0);
		expect(VERDICT_UNDECIDED, REASON_FIRST_SILENT);
		assert_int_equal(w.requests[5], DL_COPY_TRIES);
		assert_true(!answer_of(5)->has_answer && answer_of(5)->is_copy);
		assert_true(answer_of(0)->has_answer && answer_of(0)->agrees == -1);
		done(d);
	}
	/* Nobody brings it: nothing is said of the exit. */
	d = begin(8, 0);
	for (unsigned e = 0; e < EXITS; e++)
		w.plan[e].status = 404;
	look_at(d, 5, 0);
	assert_true(got.r.verdict == VERDICT_UNDECIDED && got.r.reason != REASON_FIRST_SILENT);
	assert_true(!answer_of(5)->has_answer);
	done(d);
}

static void it_sends_without_end(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 0);
	look_at(d, 5, SIZE - 1);
	expect(VERDICT_UNDECIDED, REASON_TOO_LARGE);
	assert_true(w.requests[5] == 1 && !answer_of(5)->has_answer);
	done(d);
	d = begin(8, 0);
	look_at(d, 5, SIZE);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void the_second_copy_alone_differs(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	w.plan[2].data = patched;
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_ONE_DIFFERS);
	assert_int_equal(got.r.state, DL_STATE_HELD);
	assert_string_equal(got.path, in_dir("setup.bin.part"));
	assert_int_equal(count_files(), 1);
	assert_true(got.r.download && got.r.retry_useful);
	/* The same exits again: clicking until it turns green does not work. */
	uint32_t number = got.r.download;
	assert_int_equal(download_retry(d, 2, number, false), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_ONE_DIFFERS);
	assert_int_equal(w.requests[4], 0);
	assert_int_equal(got.r.download, number);
	done(d);
	assert_int_equal(count_files(), 0);
}

static void all_copies_differ(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	w.plan[2].data = patched;
	w.plan[3].data = another;
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_CUSTOMISED);
	done(d);
}

/* Every combination of what the second and the third copy are, with one between them that fails, in both editions. */
static void the_third_copy_decides(void **state)
{
	(void)state;
	uint8_t *const has[] = { honest, patched, another };
	for (unsigned code = 0; code < 36; code++) {
		unsigned second = code % 3, third = code / 3 % 3;
		bool is_fetch = code / 9 % 2, fails = code / 18;
		struct downloads *d = begin(9, 1);
		unsigned at = is_fetch ? 2 : 1;
		w.plan[at].data = has[second];
		w.plan[at + 1].err = fails ? ERR_CIRCUIT : OK;
		for (unsigned e = at + 1; e < EXITS; e++)
			w.plan[e].data = has[third];
		if (is_fetch)
			fetch(d, 1);
		else
			verify(d, 1, honest, SIZE);
		if (second == 0)
			expect(VERDICT_MATCH, REASON_SAME_FILE);
		else if (second == third)
			expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		else
			expect(VERDICT_UNDECIDED, third == 0 ? REASON_ONE_DIFFERS : REASON_CUSTOMISED);
		/* The third is asked when the second differs, and no fourth. */
		assert_int_equal(got.r.answered, second == 0 ? 1 : 2);
		for (unsigned e = at + (second == 0 ? 1 : fails ? 3 : 2); e < EXITS; e++)
			assert_int_equal(w.requests[e], 0);
		done(d);
	}
}

static void first_exits_and_kin_are_never_asked(void **state)
{
	(void)state;
	struct downloads *d = begin(10, 2);
	w.is_kin[3] = w.is_kin[4] = true;
	fetch(d, 1);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(w.requests[0] + w.requests[1] + w.requests[3] + w.requests[4] == 0);
	done(d);
	d = begin(2, 1);
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(got.r.state, DL_STATE_HELD);
	done(d);
	assert_int_equal(count_files(), 0);
	d = begin(1, 1);
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(count_files(), 0);
	done(d);
}

static void what_needs_no_network(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	r.n_urls = 0;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_START_UNKNOWN);
	r = request(true);
	r.is_post = true;
	assert_int_equal(download_start(d, 2, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_POST);
	r = request(true);
	r.proxy = CERT_PROXY_DIRECT;
	assert_int_equal(download_start(d, 3, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NOT_TOR);
	static const char *const private[] = { "http://127.0.0.1/a", "http://[::1]/a", "http://192.168.1.1/a", "http://x.onion/a", "http://[::ffff:10.0.0.1]/a" };
	for (size_t i = 0; i < 5; i++) {
		r = request(true);
		r.url[0] = private[i];
		assert_int_equal(download_start(d, 4, &r), OK);
		run();
		expect(VERDICT_UNDECIDED, REASON_PRIVATE_TARGET);
	}
	static const char *const wrong[] = { "ftp://a.test/", "http://u:p@a.test/", "blob:http://a.test/x", "data:,x", "" };
	for (size_t i = 0; i < 5; i++) {
		r = request(true);
		r.url[0] = wrong[i];
		assert_int_equal(download_start(d, 5, &r), ERR_MSG_FIELD);
	}
	assert_int_equal(w.fetches, 0);
	assert_int_equal(count_files(), 0);
	done(d);
}

/* Programs are prevented, and this one passed for something else until it was there. */
static void what_its_content_shows_to_be_a_program_is_removed(void **state)
{
	(void)state;
	for (int is_wanted = 0; is_wanted < 2; is_wanted++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = request(true);
		r.no_programs = !is_wanted;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		assert_int_equal(got.r.class_, DL_CLASS_EXECUTABLE);
		if (is_wanted) {
			expect(VERDICT_MATCH, REASON_SAME_FILE);
		} else {
			expect(VERDICT_UNDECIDED, REASON_IS_PROGRAM);
			assert_int_equal(got.r.state, DL_STATE_NONE);
			assert_false(got.r.retry_useful || got.r.whole_possible || got.r.can_keep);
			assert_int_equal(count_files(), 0);
		}
		done(d);
	}
}

static void folders_that_are_none(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	snprintf(r.dir, sizeof r.dir, "/nonexistent/folder");
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
	assert_int_equal(got.r.error, ERR_DL_PATH);
	r = request(false);
	r.local_size = 5;
	assert_int_equal(symlink("/etc/passwd", in_dir("setup.bin.part")), 0);
	assert_int_equal(download_start(d, 2, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
	assert_int_equal(unlink(in_dir("setup.bin.part")), 0);
	assert_int_equal(mkfifo(in_dir("setup.bin.part"), 0600), 0);
	assert_int_equal(download_start(d, 3, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
	assert_int_equal(w.fetches, 0);
	done(d);
}

static void a_full_disk(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	snprintf(r.dir, sizeof r.dir, "/dev");
	/* /dev/full can't be made; a file size limit does the same. */
	snprintf(r.dir, sizeof r.dir, "%s", w.dir);
	assert_int_equal(download_start(d, 1, &r), OK);
	while (!w.fetches && step())
		;
	for (int i = 0; i < 6; i++)
		step();
	/* The descriptor under it can't be written any more. */
	for (int fd = 3; fd < 64; fd++) {
		char link[64], path[300];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (strcmp(path, in_dir("setup.bin.part")) == 0) {
			int full = open("/dev/full", O_RDWR);
			assert_true(full >= 0 && dup2(full, fd) == fd);
			close(full);
		}
	}
	run();
	expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
	assert_int_equal(got.r.error, ERR_DL_DISK);
	assert_int_equal(got.r.state, DL_STATE_NONE);
	done(d);
}

/* ---- what others answer ---- */

static void answers_that_are_none(void **state)
{
	(void)state;
	static const struct { unsigned status; const char *type; enum reason why; } no[] = {
		{ 404, NULL, REASON_GONE }, { 410, NULL, REASON_GONE }, { 403, NULL, REASON_REFUSED }, { 401, NULL, REASON_REFUSED }, { 429, NULL, REASON_REFUSED },
		{ 503, NULL, REASON_REFUSED }, { 200, "text/html; charset=utf-8", REASON_NOT_A_FILE }, { 500, NULL, REASON_TOO_FEW }, { 204, NULL, REASON_TOO_FEW },
		{ 206, NULL, REASON_TOO_FEW },
	};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		struct downloads *d = begin(20, 1);
		for (unsigned e = 2; e < EXITS; e++) {
			w.plan[e].status = no[i].status;
			w.plan[e].type = no[i].type;
		}
		fetch(d, 1);
		expect(VERDICT_UNDECIDED, no[i].why);
		assert_int_equal(got.r.state, DL_STATE_HELD);
		assert_in_range(w.fetches, 2, 12);
		done(d);
		assert_int_equal(count_files(), 0);
		/* The very first one as well: then there is no file. */
		d = begin(20, 1);
		for (unsigned e = 1; e < EXITS; e++) {
			w.plan[e].status = no[i].status;
			w.plan[e].type = no[i].type;
		}
		fetch(d, 1);
		expect(VERDICT_UNDECIDED, no[i].why);
		assert_int_equal(count_files(), 0);
		done(d);
		/* One that refuses is replaced. */
		d = begin(20, 1);
		w.plan[2].status = no[i].status;
		w.plan[2].type = no[i].type;
		fetch(d, 1);
		expect(VERDICT_MATCH, REASON_SAME_FILE);
		done(d);
	}
}

static void cookies_explain_a_refusal(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	struct download_request r = held_by_browser(honest, SIZE);
	r.has_cookies = true;
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].status = 403;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_COOKIES);
	done(d);
	/* Another file for those without: nobody is accused. */
	d = begin(20, 1);
	r = held_by_browser(another, SIZE);
	r.has_cookies = true;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_COOKIES);
	done(d);
	/* The same file: that proves it all the same. */
	d = begin(20, 1);
	r = held_by_browser(honest, SIZE);
	r.has_cookies = r.is_post = true;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void failures_are_replaced(void **state)
{
	(void)state;
	static const enum err errors[] = { ERR_TIMEOUT, ERR_CLOSED, ERR_HTTP_PROTOCOL, ERR_CIRCUIT, ERR_EXIT_POLICY, ERR_TLS_PROTOCOL, ERR_ROLE_DIED };
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct downloads *d = begin(20, 1);
		w.plan[2].err = errors[i];
		w.plan[3].end_err = errors[i];
		w.plan[3].end_at = 1000;
		w.plan[4].lies = true;       /* its circuit ended elsewhere */
		fetch(d, 1);
		expect(VERDICT_MATCH, REASON_SAME_FILE);
		assert_int_equal(got.r.n_others, 5);
		done(d);
		d = begin(20, 1);
		for (unsigned e = 2; e < EXITS; e++)
			w.plan[e].err = errors[i];
		fetch(d, 1);
		expect(VERDICT_UNDECIDED, REASON_TOO_FEW);
		assert_int_equal(got.r.error, errors[i]);
		done(d);
	}
}

static void every_way_of_being_cut(void **state)
{
	(void)state;
	/* The comparing exit ends after any number of bytes, with and without having said how many there are: never a match of a part. */
	for (size_t at = 0; at < SIZE; at += at < 40 ? 1 : 65537) {
		struct downloads *d = begin(20, 1);
		for (unsigned e = 2; e < EXITS; e++) {
			w.plan[e].n = at;
			w.plan[e].is_unframed = w.plan[e].has_no_length = at % 2;
		}
		struct download_request r = request(true);
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		assert_int_not_equal(got.r.verdict, VERDICT_MATCH);
		done(d);
	}
}

static void any_split_is_the_same(void **state)
{
	(void)state;
	static const size_t chunks[] = { 1, 2, 3, 7, 255, 4095, 4096, 4097, 32768 };
	for (size_t a = 0; a < 9; a++)
		for (size_t b = 0; b < 9; b++) {
			struct downloads *d = begin(8, 1);
			for (unsigned e = 1; e < 8; e++)
				w.plan[e].n = a < 3 || b < 3 ? 5000 : SIZE;
			w.plan[1].chunk = chunks[a];
			w.plan[2].chunk = chunks[b];
			fetch(d, 1);
			expect(VERDICT_MATCH, REASON_SAME_FILE);
			done(d);
		}
}

static void coded_bodies_are_not_compared(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	for (unsigned e = 2; e < EXITS; e++)
		w.plan[e].coding = "gzip";
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_TOO_FEW);
	assert_int_equal(got.r.error, ERR_HTTP_ENCODING);
	done(d);
}

/* ---- redirects ---- */

static void redirects_are_followed_from_the_first_url(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].location = "/files/v1.bin";
	struct download_request r = request(true);
	r.n_urls = 2;
	r.url[1] = "http://evil.test/own.bin";
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_null(strstr(w.urls, "evil"));
	assert_non_null(strstr(w.urls, "1:http://site.test/get/setup.bin "));
	assert_string_equal(got.others[1].url ? "x" : "", "x");
	done(d);
}

static void chains_that_end_elsewhere_never_match(void **state)
{
	(void)state;
	/* The browser's exit led it to its own https site; the file is the same there, or its own. */
	static uint8_t *const files[] = { honest, patched };
	for (size_t i = 0; i < 2; i++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = held_by_browser(files[i], SIZE);
		r.n_urls = 2;
		r.url[1] = "https://evil.test/own.bin";
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		expect(VERDICT_UNDECIDED, REASON_REDIRECTS);
		assert_null(strstr(w.urls, "evil"));
		done(d);
		/* The copy's exit leads elsewhere. */
		d = begin(8, 1);
		w.plan[1].location = "https://evil.test/own.bin";
		w.plan[1].data = files[i];
		fetch(d, 1);
		expect(VERDICT_UNDECIDED, REASON_REDIRECTS);
		done(d);
	}
}

/* An exit leads the first URL to a site of its own; tor takes the browser there through another one. Asked again, it would do so again. */
static void who_redirected_does_not_bear_itself_out(void **state)
{
	(void)state;
	static const char own[] = "https://evil.test/own.bin";
	for (unsigned k = 0; k < 2; k++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = held_by_browser(patched, SIZE);
		snprintf(r.key.host, sizeof r.key.host, "evil.test");
		r.key.port = 443;
		snprintf(w.last_host, sizeof w.last_host, "evil.test:443");
		r.n_urls = 3;
		r.url[1] = "http://site.test/elsewhere";
		r.url[2] = own;
		w.hop_exit = 1;
		w.hop_err = k ? ERR_TOR_LOST : OK;
		w.plan[1].location = own;
		w.plan[1].data = patched;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		expect(VERDICT_UNDECIDED, REASON_REDIRECTS);
		assert_int_equal(w.requests[1], 0);
		assert_string_equal(w.firsts, k ? "evil.test:443 site.test:80? evil.test:443 site.test:80? " : "evil.test:443 site.test:80? ");
		done(d);
		/* Nor does it bring the copy. */
		d = begin(8, 1);
		r.is_fetch = true;
		r.local_size = r.length = -1;
		snprintf(w.last_host, sizeof w.last_host, "evil.test:443");
		w.hop_exit = 1;
		w.plan[1].location = own;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		expect(VERDICT_MATCH, REASON_SAME_FILE);
		assert_true(w.requests[1] == 0 && file_is(in_dir("setup.bin"), honest, SIZE));
		done(d);
	}
}

static void redirects_whose_exit_nobody_knows(void **state)
{
	(void)state;
	static const char *const hops[] = { "http://a.test/", "http://a.test/", "http://a.test/", "http://127.0.0.1/", "http://x.onion/", "http://site.test:80/z" };
	for (unsigned i = 0; i < 6; i++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = request(true);
		r.n_urls = 3;
		r.url[1] = hops[i];
		r.url[2] = r.url[0];
		w.hop_exit = 1;
		w.hop_n = i == 0 ? 0 : i == 1 ? CANDIDATES_MAX + 1 : 1;
		w.hop_is_onion = i == 2;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		bool is_known = i != 0 && i != 1 && i != 3;
		expect(is_known ? VERDICT_MATCH : VERDICT_UNDECIDED, is_known ? REASON_SAME_FILE : REASON_FIRST_UNKNOWN);
		assert_true(is_known || w.fetches == 0);
		done(d);
	}
}

static void redirects_to_nowhere(void **state)
{
	(void)state;
	static const char *const bad[] = { "http://127.0.0.1/x", "http://[::1]/", "ftp://a.test/", "http://x.onion/", "http://10.0.0.1/x" };
	for (size_t i = 0; i < 5; i++) {
		struct downloads *d = begin(20, 1);
		for (unsigned e = 2; e < EXITS; e++)
			w.plan[e].location = bad[i];
		fetch(d, 1);
		assert_int_equal(got.r.verdict, VERDICT_UNDECIDED);
		assert_null(strstr(w.urls, bad[i]));
		done(d);
	}
}

/* ---- the privileged edition: the browser holds the file ---- */

static void what_the_browser_holds(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	verify(d, 1, honest, SIZE);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_int_equal(got.r.n_others, 1);
	verify(d, 2, patched, SIZE);
	expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
	assert_int_equal(got.r.n_others, 2);
	/* The bytes are there for evidence even when the browser has removed its file. */
	unlink(in_dir("setup.bin.part"));
	char path[4400];
	assert_int_equal(download_keep(d, got.r.download, path, sizeof path), OK);
	assert_true(file_is(path, patched, SIZE));
	/* The same bytes again: it stays. */
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].data = patched;
	verify(d, 3, patched, SIZE);
	expect(VERDICT_MISMATCH, REASON_REMEMBERED);
	downloads_wipe(d);
	verify(d, 4, patched, SIZE);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void a_file_that_grows(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = held_by_browser(honest, 1000);
		r.local_size = -1;
		r.length = (int64_t)SIZE;
		assert_int_equal(download_start(d, 1, &r), OK);
		for (int i = 0; i < 300; i++)
			if (!step()) {
				assert_true(w.wake != UINT64_MAX);
				w.now = w.wake > w.now ? w.wake : w.now;
				downloads_tick(d);
			}
		assert_true(got.calls == 0 && w.pauses > 0);
		const uint8_t *rest = way == 1 ? patched : honest;
		append_file("setup.bin.part", rest + 1000, 100000);
		for (int i = 0; i < 300; i++)
			if (!step()) {
				assert_true(w.wake != UINT64_MAX);
				w.now = w.wake > w.now ? w.wake : w.now;
				downloads_tick(d);
			}
		assert_int_equal(got.calls, 0);
		size_t end = way == 2 ? SIZE - 7 : SIZE;
		append_file("setup.bin.part", rest + 101000, end - 101000);
		/* Way 3: what the browser says is not what is there. */
		download_local(d, 1, way == 3 ? SIZE + 1 : end);
		run();
		if (way == 0)
			expect(VERDICT_MATCH, REASON_SAME_FILE);
		else if (way == 3)
			expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
		else
			expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		done(d);
	}
}

/* It broke off and was begun anew, by an exit that gave the true beginning first: what was compared stands there no more. */
static void a_file_that_is_written_over(void **state)
{
	(void)state;
	for (int is_honest = 0; is_honest < 2; is_honest++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = held_by_browser(honest, 600000);
		r.local_size = -1;
		r.length = (int64_t)SIZE;
		assert_int_equal(download_start(d, 1, &r), OK);
		for (int i = 0; i < 300; i++)
			if (!step()) {
				w.now = w.wake > w.now ? w.wake : w.now;
				downloads_tick(d);
			}
		assert_true(got.calls == 0 && w.pauses > 0);
		write_file("setup.bin.part", is_honest ? honest : patched, SIZE);
		download_local(d, 1, SIZE);
		run();
		if (is_honest) {
			expect(VERDICT_MATCH, REASON_SAME_FILE);
			assert_true(got.r.has_sha256);
		} else {
			expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
			assert_int_equal(got.r.answered, 2);
		}
		done(d);
	}
}

static void a_file_that_changes_meanwhile(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = held_by_browser(honest, SIZE);
	w.plan[1].chunk = 1000;
	assert_int_equal(download_start(d, 1, &r), OK);
	for (int i = 0; i < 200; i++)
		step();
	/* In place, and with its time put back to what it was but for a moment. */
	write_file("setup.bin.part", patched, SIZE);
	run();
	assert_int_not_equal(got.r.verdict, VERDICT_MATCH);
	done(d);
	/* Another file under its name. */
	d = begin(8, 1);
	r = held_by_browser(honest, SIZE);
	w.plan[1].chunk = 1000;
	assert_int_equal(download_start(d, 1, &r), OK);
	for (int i = 0; i < 200; i++)
		step();
	char other[256];
	write_file("other", honest, SIZE);
	snprintf(other, sizeof other, "%s", in_dir("other"));
	assert_int_equal(rename(other, in_dir("setup.bin.part")), 0);
	run();
	expect(VERDICT_UNDECIDED, REASON_LOCAL_FILE);
	assert_int_equal(got.r.error, ERR_DL_CHANGED);
	done(d);
}

/* ---- interruptions ---- */

static void a_copy_goes_on(void **state)
{
	(void)state;
	struct downloads *d = begin(12, 1);
	w.plan[1].end_err = ERR_HTTP_STALLED;
	w.plan[1].end_at = 300000;
	w.plan[1].chunk = 10000;
	fetch(d, 1);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
	done(d);
	/* Another version meanwhile: from the beginning. */
	d = begin(12, 1);
	w.plan[1].data = another;
	w.plan[1].end_err = ERR_HTTP_STALLED;
	w.plan[1].end_at = 300000;
	for (unsigned e = 2; e < EXITS; e++)
		w.plan[e].ranges = RANGES_NONE;
	fetch(d, 1);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
	done(d);
	/* It breaks off again and again: held, and a click goes on. */
	d = begin(20, 1);
	for (unsigned e = 1; e < EXITS; e++) {
		w.plan[e].end_err = ERR_CLOSED;
		w.plan[e].end_at = 100000;
		w.plan[e].chunk = 10000;
	}
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_INTERRUPTED);
	assert_int_equal(got.r.state, DL_STATE_HELD);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].end_err = OK;
	assert_int_equal(download_retry(d, 2, got.r.download, false), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
	done(d);
}

/* Whoever brought bytes of the copy is never asked what others get: it would confirm its own lie. */
static void who_brought_it_does_not_confirm_it(void **state)
{
	(void)state;
	/* After a retry nothing but the list of those exits is left of the first round. */
	struct downloads *d = begin(12, 1);
	w.plan[1].data = patched;
	for (unsigned e = 2; e < EXITS; e++)
		w.plan[e].err = ERR_CIRCUIT;
	fetch(d, 1);
	expect(VERDICT_UNDECIDED, REASON_TOO_FEW);
	assert_int_equal(got.r.state, DL_STATE_HELD);
	for (unsigned e = 2; e < EXITS; e++)
		w.plan[e].err = OK;
	assert_int_equal(download_retry(d, 2, got.r.download, false), OK);
	run();
	expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
	assert_int_equal(w.requests[1], 1);
	done(d);
	/* Again and again, with too few exits for anything else. */
	d = begin(2, 1);
	w.plan[1].data = patched;
	fetch(d, 1);
	for (uint32_t id = 2; id < 6; id++) {
		expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
		assert_int_equal(download_retry(d, id, got.r.download, id % 2), OK);
		run();
	}
	assert_int_equal(w.requests[1], 1);
	done(d);
	/* One brought the beginning, another the rest, a third has another file; the first one is back, and no fourth is there to decide. */
	d = begin(4, 1);
	w.plan[1].data = patched;
	w.plan[1].end_err = ERR_HTTP_STALLED;
	w.plan[1].end_at = 300000;
	w.plan[1].chunk = 10000;
	struct download_request r = request(true);
	assert_int_equal(download_start(d, 1, &r), OK);
	while (!w.requests[3])
		if (!step()) {
			w.now = w.wake > w.now ? w.wake : w.now;
			downloads_tick(d);
		}
	w.plan[1].end_err = OK;
	run();
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(download_retry(d, 2, got.r.download, false), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_true(w.requests[1] == 1 && w.requests[2] == 2 && w.requests[3] == 1);
	done(d);
}

static void cancel_removes_the_part(void **state)
{
	(void)state;
	/* At every moment of its life. */
	for (int moment = 0; moment < 60; moment++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = request(true);
		assert_int_equal(download_start(d, 1, &r), OK);
		for (int i = 0; i < moment && got.calls == 0; i++)
			step();
		if (got.calls == 0) {
			assert_true(download_cancel(d, 1));
			/* Its end and the click may cross. */
			if (got.r.verdict != VERDICT_MATCH) {
				expect(VERDICT_UNDECIDED, REASON_CANCELLED);
				assert_int_equal(count_files(), 0);
			}
		}
		assert_false(download_cancel(d, 1));
		done(d);
	}
	for (int moment = 0; moment < 60; moment++) {
		struct downloads *d = begin(8, 1);
		struct download_request r = request(true);
		assert_int_equal(download_start(d, 1, &r), OK);
		for (int i = 0; i < moment && got.calls == 0; i++)
			step();
		done(d);
		assert_int_equal(access(in_dir("setup.bin.part"), F_OK), -1);
	}
}

static void discard_and_wipe(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	w.plan[2].data = patched;
	fetch(d, 1);
	assert_int_equal(got.r.state, DL_STATE_HELD);
	assert_int_equal(download_discard(d, got.r.download + 1), ERR_DL_UNKNOWN);
	assert_int_equal(download_discard(d, got.r.download), OK);
	assert_int_equal(count_files(), 0);
	assert_int_equal(download_discard(d, got.r.download), ERR_DL_UNKNOWN);
	fetch(d, 2);
	assert_int_equal(count_files(), 1);
	downloads_wipe(d);
	assert_int_equal(count_files(), 0);
	assert_int_equal(download_retry(d, 3, got.r.download, true), ERR_DL_UNKNOWN);
	done(d);
}

static void tor_goes_away(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	w.first_err = ERR_TOR_LOST;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_TOR);
	done(d);
	d = begin(8, 1);
	w.draw_err = ERR_TOR_LOST;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_TOR);
	assert_int_equal(count_files(), 0);
	done(d);
	d = begin(8, 1);
	w.first_is_unknown = true;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	done(d);
	d = begin(8, 1);
	w.first_is_onion = true;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_ONION);
	done(d);
}

/* ---- digests ---- */

static char digest_line[2][256];

static void make_digest(char *out, const uint8_t *bytes, size_t n, const char *format, bool is_512)
{
	uint8_t hash[64];
	char text[128];
	if (is_512)
		crypto_hash_sha512(hash, bytes, n);
	else
		crypto_hash_sha256(hash, bytes, n);
	sodium_bin2base64(text, sizeof text, hash, is_512 ? 64 : 32, sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, 256, format, text);
}

static void digests_of_k_others(void **state)
{
	(void)state;
	static const struct { const char *format; bool is_512, works; } forms[] = {
		{ "Repr-Digest: sha-256=:%s:\n", false, true }, { "Repr-Digest: sha-512=:%s:\n", true, true }, { "Digest: SHA-256=%s\n", false, true },
		{ "digest: md5=abc, sha-256=%s\n", false, true }, { "x-amz-checksum-sha256: %s\n", false, true }, { "x-amz-checksum-sha256: %s-3\n", false, false },
		{ "x-amz-checksum-sha256: %s\nx-amz-checksum-type: COMPOSITE\n", false, false }, { "Content-Digest: sha-256=:%s:\n", false, false },
		{ "Repr-Digest: sha-256=:AAAA%s:\n", false, false }, { "Repr-Digest: sha-256=%s\n", false, false }, { "Repr-Digest: sha-1=:%s:\n", false, false },
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct downloads *d = begin(8, 1);
		make_digest(digest_line[0], honest, SIZE, forms[i].format, forms[i].is_512);
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].digest = digest_line[0];
		verify(d, 1, honest, SIZE);
		if (forms[i].works) {
			expect(VERDICT_MATCH, REASON_SAME_DIGEST);
			assert_int_equal(got.r.answered, 3);
			assert_int_equal(w.heads, 2);
			assert_in_range(got.r.fetched, 0, FETCH_PIECE_MAX);
		} else {
			expect(VERDICT_MATCH, REASON_SAME_FILE);
		}
		done(d);
		d = begin(8, 1);
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].digest = digest_line[0];
		fetch(d, 1);
		expect(VERDICT_MATCH, forms[i].works ? REASON_SAME_DIGEST : REASON_SAME_FILE);
		done(d);
		/* The bytes here are altered: two others by their bytes, after the digest. */
		d = begin(8, 1);
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].digest = digest_line[0];
		verify(d, 1, patched, SIZE);
		expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		done(d);
	}
}

static void a_wrong_digest_of_an_honest_site(void **state)
{
	(void)state;
	struct downloads *d = begin(12, 1);
	make_digest(digest_line[0], another, SIZE, "Repr-Digest: sha-256=:%s:\n", false);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].digest = digest_line[0];
	verify(d, 1, honest, SIZE);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
	/* Too large to look closer: the digest has the last word. */
	d = begin(12, 1);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].digest = digest_line[0];
	struct download_request r = held_by_browser(honest, SIZE);
	r.whole_max = 1000;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
	done(d);
}

static void digests_of_some(void **state)
{
	(void)state;
	/* The probe's exit alone has one, or a false one; HEAD is refused: all bytes instead. */
	make_digest(digest_line[0], honest, SIZE, "Repr-Digest: sha-256=:%s:\n", false);
	make_digest(digest_line[1], another, SIZE, "Repr-Digest: sha-256=:%s:\n", false);
	for (int way = 0; way < 3; way++) {
		struct downloads *d = begin(20, 1);
		for (unsigned e = 1; e < EXITS; e++) {
			w.plan[e].digest = way == 0 && e > 1 ? NULL : digest_line[way == 1 && e == 2];
			w.plan[e].head_refused = way == 2;
		}
		verify(d, 1, honest, SIZE);
		expect(VERDICT_MATCH, REASON_SAME_FILE);
		done(d);
	}
}

static void all_are_big(void)
{
	for (unsigned e = 0; e < EXITS; e++)
		w.plan[e].n = BIG;
}

/* Header lines with one sum each; %s is the value of w.sums, or of another file. Those that are of no use are so for both. */
static const struct { enum dl_sum kind; size_t n; const char *format; bool works; } sum_forms[] = {
	{ DL_SUM_MD5, 16, "Content-MD5: %s\n", true }, { DL_SUM_MD5, 16, "Digest: md5=%s\n", true }, { DL_SUM_MD5, 16, "x-goog-hash: md5=%s\n", true },
	{ DL_SUM_MD5, 16, "Repr-Digest: md5=:%s:\n", true }, { DL_SUM_SHA1, 20, "Digest: SHA=%s\n", true }, { DL_SUM_SHA1, 20, "Repr-Digest: sha=:%s:\n", true },
	{ DL_SUM_SHA1, 20, "x-amz-checksum-sha1: %s\n", true }, { DL_SUM_CRC32, 4, "x-amz-checksum-crc32: %s\nx-amz-checksum-type: FULL_OBJECT\n", true },
	{ DL_SUM_CRC32C, 4, "x-amz-checksum-crc32c: %s\n", true }, { DL_SUM_CRC32C, 4, "x-goog-hash: crc32c=%s\n", true },
	{ DL_SUM_CRC64, 8, "X-Amz-Checksum-CRC64NVME: %s\n", true },
	{ DL_SUM_CRC32, 4, "x-amz-checksum-crc32: %s\nx-amz-checksum-type: COMPOSITE\n", false }, { DL_SUM_CRC32C, 4, "x-amz-checksum-crc32c: %s-3\n", false },
	{ DL_SUM_MD5, 16, "Content-MD5: %s\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\n", false }, { DL_SUM_MD5, 16, "Content-MD5: AA%s\n", false },
	{ DL_SUM_SHA1, 20, "Digest: md5=%s\n", false }, { DL_SUM_MD5, 16, "Repr-Digest: md5=%s\n", false }, { DL_SUM_MD5, 16, "Content-Digest: md5=:%s:\n", false },
	{ DL_SUM_MD5, 16, "ETag: \"%s\"\n", false }, { DL_SUM_CRC32, 4, "x-goog-hash: crc32=%s\n", false },
};

static void make_sum_line(char *out, size_t i, bool is_other)
{
	const uint8_t *const values[DL_SUMS] = { w.sums.md5, w.sums.sha1, w.sums.crc32, w.sums.crc32c, w.sums.crc64 };
	uint8_t value[DL_SUM_BYTES];
	char text[64];
	memcpy(value, values[sum_forms[i].kind], sum_forms[i].n);
	value[sum_forms[i].n - 1] ^= is_other;
	sodium_bin2base64(text, sizeof text, value, sum_forms[i].n, sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, 256, sum_forms[i].format, text);
}

static void begin_sums(size_t form, struct downloads **d, struct download_request *r, bool is_fetch)
{
	*d = begin(20, 1);
	all_are_big();
	randombytes_buf(&w.sums, sizeof w.sums);
	w.sums.size = BIG;
	make_sum_line(digest_line[0], form, false);
	make_sum_line(digest_line[1], form, true);
	*r = is_fetch ? request(true) : held_by_browser(honest, BIG);
	r->whole_max = 1000;
}

/* Which of the others' heads differ, in the order in which they are asked: '=' fits, '!' does not, ' ' has none. */
static void give_sums(const char *heads, bool is_fetch)
{
	for (unsigned e = 1; e < EXITS; e++) {
		unsigned i = e < 1u + is_fetch ? 0 : e - 1 - is_fetch;
		char c = heads[i < strlen(heads) ? i : strlen(heads) - 1];
		w.plan[e].digest = c == ' ' ? NULL : digest_line[c == '!'];
	}
	/* The copy's own exit says what fits. */
	if (is_fetch)
		w.plan[1].digest = digest_line[0];
}

static void sums_accuse_and_never_clear(void **state)
{
	(void)state;
	struct downloads *d;
	struct download_request r;
	for (size_t i = 0; i < sizeof sum_forms / sizeof *sum_forms; i++)
		for (int is_fetch = 0; is_fetch < 2; is_fetch++) {
			/* All fit: samples have to be looked at all the same. */
			begin_sums(i, &d, &r, is_fetch);
			give_sums("=", is_fetch);
			assert_int_equal(download_start(d, 1, &r), OK);
			run();
			expect(VERDICT_MATCH, REASON_SAME_RANGES);
			assert_int_equal(w.sums_asked, sum_forms[i].works);
			/* But for the probe, which is a head where a part may commit. */
			assert_int_equal(w.heads > 1, sum_forms[i].works);
			done(d);
			/* Through k exits they do not: every byte of the samples is the same, and yet. */
			begin_sums(i, &d, &r, is_fetch);
			give_sums("!", is_fetch);
			assert_int_equal(download_start(d, 1, &r), OK);
			run();
			if (sum_forms[i].works) {
				expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
				assert_int_equal(got.r.method, DL_METHOD_DIGEST);
				assert_int_equal(got.r.answered, 3);
			} else {
				expect(VERDICT_MATCH, REASON_SAME_RANGES);
			}
			done(d);
		}
}

static void sums_of_some(void **state)
{
	(void)state;
	static const struct { const char *heads; enum verdict v; enum reason r; } some[] = {
		{ "!! ", VERDICT_MATCH, REASON_SAME_RANGES },          /* k, or nothing */
		{ "!  ", VERDICT_MATCH, REASON_SAME_RANGES }, { "=  ", VERDICT_MATCH, REASON_SAME_RANGES },
		{ "!!=", VERDICT_UNDECIDED, REASON_ONE_DIFFERS },      /* a dissent that samples don't mend */
		{ "=!!", VERDICT_UNDECIDED, REASON_ONE_DIFFERS }, { "==!", VERDICT_UNDECIDED, REASON_ONE_DIFFERS },
	};
	struct downloads *d;
	struct download_request r;
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		begin_sums(0, &d, &r, false);
		give_sums(some[i].heads, false);
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		expect(some[i].v, some[i].r);
		assert_int_equal(got.r.whole_possible, some[i].v == VERDICT_UNDECIDED);
		done(d);
	}
	/* Where all bytes are compared in any case they say nothing: nobody is asked for them. */
	begin_sums(0, &d, &r, false);
	give_sums("!", false);
	r.whole_max = BIG;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(w.heads <= 1 && w.sums_asked == 0);
	/* The file here could not be summed, or was another one then. */
	for (int way = 0; way < 2; way++) {
		done(d);
		begin_sums(0, &d, &r, false);
		give_sums("!", false);
		w.sums_err = way ? OK : ERR_ROLE_DIED;
		w.sums.size -= (uint64_t)way;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		expect(VERDICT_MATCH, REASON_SAME_RANGES);
	}
	done(d);
	/* Cancelled while it is being summed. */
	begin_sums(0, &d, &r, false);
	give_sums("!", false);
	assert_int_equal(download_start(d, 1, &r), OK);
	while (!w.sums_asked)
		if (!step()) {
			w.now = w.wake > w.now ? w.wake : w.now;
			downloads_tick(d);
		}
	assert_true(download_cancel(d, 1));
	done(d);
}

/* A digest by which a file is known, of which one exit shows another: what samples say is no answer to that. */
static void samples_do_not_outvote_a_digest(void **state)
{
	(void)state;
	make_digest(digest_line[0], honest, BIG, "Repr-Digest: sha-256=:%s:\n", false);
	make_digest(digest_line[1], another, BIG, "Repr-Digest: sha-256=:%s:\n", false);
	for (int is_large = 0; is_large < 2; is_large++) {
		struct downloads *d = begin(20, 1);
		all_are_big();
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].digest = digest_line[e == 2];
		struct download_request r = held_by_browser(honest, BIG);
		r.whole_max = is_large ? 1000 : BIG;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		if (is_large)
			expect(VERDICT_UNDECIDED, REASON_ONE_DIFFERS);
		else
			expect(VERDICT_MATCH, REASON_SAME_FILE);
		done(d);
	}
}

/* ---- parts ---- */

static void commit_by(uint64_t a, uint64_t a_n, uint64_t b, uint64_t b_n)
{
	w.commit = (struct file_commit_r){ .status = FILE_COMMIT_FITS, .format = "pe", .method = "authenticode", .digest = "sha256", .size = BIG,
	                                   .part = a_n + b_n, .n = 2, .range = { { a, a_n }, { b, b_n } } };
}

static void a_part_that_commits(void **state)
{
	(void)state;
	static const enum ranges kinds[] = { RANGES_MULTI, RANGES_SINGLE, RANGES_FIRST };
	for (size_t i = 0; i < 3; i++) {
		struct downloads *d = begin(12, 1);
		all_are_big();
		commit_by(0, 4000, BIG - 9000, 9000);
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].ranges = kinds[i];
		verify(d, 1, honest, BIG);
		expect(VERDICT_MATCH, REASON_SAME_COMMITMENT);
		assert_int_equal(got.r.answered, 3);
		assert_int_equal(got.r.compared, BIG);
		/* What a refused 200 had brought by then is in it. */
		assert_in_range(got.r.fetched, 3 * 13000, kinds[i] == RANGES_MULTI ? 3 * 14000 + FETCH_PIECE_MAX : BIG / 10);
		done(d);
		/* Altered within the part: two others agree. */
		d = begin(12, 1);
		all_are_big();
		commit_by(12000, 4000, BIG - 9000, 9000);
		for (unsigned e = 1; e < EXITS; e++)
			w.plan[e].ranges = kinds[i];
		verify(d, 1, patched, BIG);
		expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
		assert_int_equal(got.range[0].offset, 12345);
		done(d);
	}
}

static void lies_about_ranges(void **state)
{
	(void)state;
	static const enum ranges lies[] = { RANGES_NONE, RANGES_SHIFTED, RANGES_SHORT, RANGES_LYING };
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
		for (int is_large = 0; is_large < 2; is_large++) {
			struct downloads *d = begin(20, 1);
			all_are_big();
			commit_by(0, 4000, BIG - 9000, 9000);
			for (unsigned e = 1; e < EXITS; e++) {
				w.plan[e].ranges = lies[i];
				w.plan[e].chunk = 100 * e;
			}
			struct download_request r = held_by_browser(honest, BIG);
			r.whole_max = is_large ? 1000 : BIG;
			assert_int_equal(download_start(d, 1, &r), OK);
			run();
			if (is_large) {
				expect(VERDICT_UNDECIDED, REASON_RANGES_FALSE);
				assert_true(got.r.whole_possible && got.r.n_ranges == 0);
			} else {
				expect(VERDICT_MATCH, REASON_SAME_FILE);
			}
			done(d);
		}
	/* Another total length: another version. */
	struct downloads *d = begin(20, 1);
	all_are_big();
	commit_by(0, 4000, BIG - 9000, 9000);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].ranges = RANGES_WRONG_TOTAL;
	struct download_request r = held_by_browser(honest, BIG);
	r.whole_max = 1000;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	assert_int_equal(got.r.verdict, VERDICT_UNDECIDED);
	done(d);
}

static void another_entity_is_no_match_by_parts(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	all_are_big();
	commit_by(0, 4000, BIG - 9000, 9000);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].etag = "\"v2\"";
	struct download_request r = held_by_browser(honest, BIG);
	r.whole_max = 1000;
	r.budget = 0;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	assert_int_equal(got.r.verdict, VERDICT_UNDECIDED);
	done(d);
	/* By all its bytes it is. */
	d = begin(20, 1);
	all_are_big();
	commit_by(0, 4000, BIG - 9000, 9000);
	for (unsigned e = 1; e < EXITS; e++)
		w.plan[e].etag = "\"v2\"";
	verify(d, 1, honest, BIG);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void random_ranges(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct downloads *d = begin(20, 1);
		all_are_big();
		for (unsigned e = 1; e < EXITS; e++) {
			w.plan[e].ranges = way == 1 ? RANGES_SINGLE : RANGES_MULTI;
			w.plan[e].data = way == 2 ? another : honest;
		}
		struct download_request r = held_by_browser(honest, BIG);
		r.whole_max = 1000;
		assert_int_equal(download_start(d, 1, &r), OK);
		run();
		if (way == 2) {
			expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
			done(d);
			continue;
		}
		expect(VERDICT_MATCH, REASON_SAME_RANGES);
		assert_true(got.r.has_missed && got.r.missed_block > 0.5 && got.r.missed_block < 1);
		assert_true(got.r.missed_percent < got.r.missed_block && got.r.missed_64k < got.r.missed_block);
		assert_in_range(got.r.compared, 1, way == 1 ? 52 * 4096 : (1 << 20) + 8192);
		if (way == 0)
			assert_in_range(got.r.compared, (1 << 20) - 8192, (1 << 20) + 8192);
		done(d);
	}
}

static void another_length_of_a_signed_file(void **state)
{
	(void)state;
	/* Five exits for all: what parts could not decide, the same exits decide by all bytes. */
	struct downloads *d = begin(5, 1);
	for (unsigned e = 0; e < EXITS; e++)
		w.plan[e].n = BIG - 4096;
	commit_by(0, 4000, BIG - 9000, 9000);
	verify(d, 1, honest, BIG);
	expect(VERDICT_MISMATCH, REASON_OTHER_FILE);
	done(d);
}

static void what_its_signature_does_not_fit(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	all_are_big();
	w.commit.status = FILE_COMMIT_DIFFERS;
	w.commit.size = BIG;
	struct download_request r = held_by_browser(honest, BIG);
	r.whole_max = 1000;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_TOO_LARGE);
	assert_true(got.r.whole_possible);
	verify(d, 2, honest, BIG);
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void too_large_and_no_budget(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	all_are_big();
	struct download_request r = request(true);
	r.whole_max = 1000;
	r.budget = 0;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_TOO_LARGE);
	assert_true(got.r.whole_possible && got.r.state == DL_STATE_HELD);
	assert_int_equal(download_retry(d, 2, got.r.download, true), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(file_is(in_dir("setup.bin"), honest, BIG));
	done(d);
}

static void others_that_do_not_end(void **state)
{
	(void)state;
	/* Larger than the limit: its bytes are not taken for ever. */
	struct downloads *d = begin(20, 1);
	for (unsigned e = 2; e < EXITS; e++) {
		w.plan[e].n = BIG;
		w.plan[e].has_no_length = true;
	}
	struct download_request r = request(true);
	r.whole_max = SIZE;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_TOO_LARGE);
	done(d);
}

static void many_at_once(void **state)
{
	(void)state;
	struct downloads *d = begin(20, 1);
	struct download_request r = request(true);
	for (uint32_t i = 1; i <= REQUESTS_MAX; i++) {
		snprintf(r.name, sizeof r.name, "file%u", i);
		assert_int_equal(download_start(d, i, &r), OK);
		assert_int_equal(download_start(d, i, &r), ERR_MSG_ID);
	}
	assert_int_equal(download_start(d, 1000, &r), ERR_MSG_BUSY);
	while (got.calls < REQUESTS_MAX) {
		run();
		assert_int_equal(got.r.verdict, VERDICT_MATCH);
	}
	assert_int_equal(count_files(), REQUESTS_MAX);
	done(d);
}

/* Whatever the extension asks for: what a page can start by itself has its limits here. */
static void what_a_page_can_start(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	uint32_t id = 1;
	for (unsigned i = 0; i < AUTO_DOWNLOADS_MAX + 5; i++) {
		r.clicked = false;
		assert_int_equal(download_start(d, id++, &r), OK);
		unsigned fetches = w.fetches;
		run();
		assert_int_equal(w.fetches > fetches, i < AUTO_DOWNLOADS_MAX);
		if (i < AUTO_DOWNLOADS_MAX) {
			expect(VERDICT_MATCH, REASON_SAME_FILE);
			assert_int_equal(unlink(got.path), 0);
		} else {
			expect(VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
			assert_true(got.r.state == DL_STATE_NONE && got.r.retry_useful && !got.r.whole_possible);
		}
		assert_int_equal(count_files(), 0);
	}
	/* The browser's own are counted with them; New Identity is no way round. */
	struct download_request held = held_by_browser(honest, SIZE);
	held.clicked = false;
	downloads_wipe(d);
	assert_int_equal(download_start(d, id++, &held), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	/* A click is none of them. */
	r.clicked = true;
	assert_int_equal(download_start(d, id++, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_int_equal(unlink(got.path), 0);
	/* Nor are those that asked for nothing. */
	r.clicked = false;
	w.now += AUTO_CHECKS_WINDOW_MS;
	r.n_urls = 0;
	for (unsigned i = 0; i < AUTO_DOWNLOADS_MAX + 5; i++) {
		assert_int_equal(download_start(d, id++, &r), OK);
		run();
	}
	r.n_urls = 1;
	assert_int_equal(download_start(d, id++, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	done(d);
}

static void what_a_page_can_make_us_write(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_request r = request(true);
	r.clicked = false;
	/* It says how much it is. */
	w.plan[1].says_length = AUTO_COPY_MAX + 1;
	assert_int_equal(download_start(d, 1, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	assert_true(count_files() == 0 && w.fetches == 1 && got.r.retry_useful);
	/* It does not, and does not end: what is there is held, and a click goes on behind it. */
	w.plan[1] = w.plan[2];
	w.plan[1].has_no_length = true;
	w.plan[1].end_err = ERR_HTTP_BODY;
	w.plan[1].end_at = 300000;
	w.plan[1].chunk = 10000;
	assert_int_equal(download_start(d, 2, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	assert_true(got.r.state == DL_STATE_HELD && count_files() == 1);
	w.plan[1].end_err = OK;
	assert_int_equal(download_retry(d, 3, got.r.download, false), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_FILE);
	assert_true(file_is(in_dir("setup.bin"), honest, SIZE));
	done(d);
	/* What the second copy and samples may cost is no page's business either. */
	for (int is_clicked = 0; is_clicked < 2; is_clicked++) {
		d = begin(8, 1);
		r = held_by_browser(honest, SIZE);
		r.clicked = is_clicked;
		r.whole_max = r.budget = (uint64_t)1 << 50;
		w.plan[1].hangs = true;
		assert_int_equal(download_start(d, 1, &r), OK);
		while (step())
			;
		uint64_t most = 0;
		for (size_t i = 0; i < 64; i++)
			most = w.list[i].what == W_FETCH && w.list[i].max_body > most ? w.list[i].max_body : most;
		assert_int_equal(most > AUTO_WHOLE_MAX + (2u << 20), is_clicked);
		assert_true(most > 0 && download_cancel(d, 1));
		done(d);
	}
}

static void classes_are_asked(void **state)
{
	(void)state;
	struct downloads *d = begin(8, 1);
	struct download_classify c = { .name = "a.exe" };
	assert_int_equal(download_classify(d, 1, &c), OK);
	assert_int_equal(download_classify(d, 1, &c), ERR_MSG_ID);
	while (step())
		;
	assert_int_equal(got.classified, 1);
	snprintf(c.path, sizeof c.path, "%s", in_dir("none"));
	assert_int_equal(download_classify(d, 2, &c), ERR_DL_PATH);
	write_file("none", honest, 10);
	assert_int_equal(download_classify(d, 2, &c), OK);
	assert_true(download_cancel(d, 2));
	assert_int_equal(got.classified, 2);
	done(d);
}

static int setup(void **state)
{
	(void)state;
	snprintf(w.dir, sizeof w.dir, "/tmp/dltest.XXXXXX");
	if (sodium_init() < 0 || !mkdtemp(w.dir))
		return 1;
	randombytes_buf(honest, sizeof honest);
	memcpy(patched, honest, sizeof honest);
	patched[12345] ^= 1;
	randombytes_buf(another, sizeof another);
	memcpy(appended, honest, sizeof honest);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	empty_dir();
	return rmdir(w.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_equal_copies_are_a_match), cmocka_unit_test(nothing_is_overwritten), cmocka_unit_test(a_false_copy_is_a_mismatch),
		cmocka_unit_test(one_patched_byte_is_shown), cmocka_unit_test(the_second_copy_alone_differs), cmocka_unit_test(all_copies_differ), cmocka_unit_test(the_third_copy_decides),
		cmocka_unit_test(first_exits_and_kin_are_never_asked), cmocka_unit_test(what_needs_no_network), cmocka_unit_test(what_its_content_shows_to_be_a_program_is_removed),
		cmocka_unit_test(folders_that_are_none),
		cmocka_unit_test(a_full_disk), cmocka_unit_test(answers_that_are_none), cmocka_unit_test(cookies_explain_a_refusal),
		cmocka_unit_test(failures_are_replaced), cmocka_unit_test(every_way_of_being_cut), cmocka_unit_test(any_split_is_the_same),
		cmocka_unit_test(coded_bodies_are_not_compared), cmocka_unit_test(redirects_are_followed_from_the_first_url),
		cmocka_unit_test(chains_that_end_elsewhere_never_match), cmocka_unit_test(who_redirected_does_not_bear_itself_out), cmocka_unit_test(redirects_whose_exit_nobody_knows), cmocka_unit_test(redirects_to_nowhere), cmocka_unit_test(what_the_browser_holds),
		cmocka_unit_test(a_file_that_grows), cmocka_unit_test(a_file_that_is_written_over), cmocka_unit_test(a_file_that_changes_meanwhile), cmocka_unit_test(a_copy_goes_on), cmocka_unit_test(who_brought_it_does_not_confirm_it),
		cmocka_unit_test(what_differs_is_shown), cmocka_unit_test(one_exit_is_looked_at), cmocka_unit_test(it_is_gone_or_silent), cmocka_unit_test(it_sends_without_end),
		cmocka_unit_test(cancel_removes_the_part), cmocka_unit_test(discard_and_wipe), cmocka_unit_test(tor_goes_away),
		cmocka_unit_test(digests_of_k_others), cmocka_unit_test(a_wrong_digest_of_an_honest_site), cmocka_unit_test(digests_of_some),
		cmocka_unit_test(sums_accuse_and_never_clear), cmocka_unit_test(sums_of_some), cmocka_unit_test(samples_do_not_outvote_a_digest),
		cmocka_unit_test(a_part_that_commits), cmocka_unit_test(lies_about_ranges), cmocka_unit_test(another_entity_is_no_match_by_parts),
		cmocka_unit_test(random_ranges), cmocka_unit_test(what_its_signature_does_not_fit), cmocka_unit_test(another_length_of_a_signed_file), cmocka_unit_test(too_large_and_no_budget), cmocka_unit_test(others_that_do_not_end),
		cmocka_unit_test(what_a_page_can_start), cmocka_unit_test(what_a_page_can_make_us_write),
		cmocka_unit_test(many_at_once), cmocka_unit_test(classes_are_asked),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
