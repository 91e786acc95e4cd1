/* A world for downloads that does what the test says: exits that fail, hang, lie, stall, split; a tor that is away; a clock of its own. Files are
 * real ones, in a folder of the test's own. */
#ifndef TESTS_DLWORLD_H
#define TESTS_DLWORLD_H

#include "feature/download.h"
#include "feature/downloadops.h"
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum ranges { RANGES_MULTI, RANGES_SINGLE /* 200 for several */, RANGES_NONE /* 200 always */, RANGES_FIRST /* several: only the first */,
              RANGES_SHIFTED /* says other places */, RANGES_WRONG_TOTAL, RANGES_SHORT, RANGES_LYING /* says what was asked for, gives the bytes before it */ };

/* What an exit does. */
struct exit_plan {
	enum err err, end_err;          /* before a head; behind end_at bytes */
	size_t end_at;
	unsigned status;
	const char *location, *type, *etag, *modified, *digest, *coding;
	const uint8_t *data;
	size_t n, chunk;
	uint64_t says_length;           /* in place of n */
	bool hangs, stalls_at_end, lies, is_unframed, has_no_length, head_refused;
	enum ranges ranges;
};

enum what { W_NONE, W_FIRST, W_DRAW, W_FETCH, W_CLASS, W_COMMIT, W_SUMS };
struct pending {
	enum what what;
	uint32_t id;
	void *ctx;
	netlink_first_cb *first;
	netlink_draw_cb *draw;
	const struct fetch_ops *fetch;
	filelink_classed *classed;
	filelink_committed *committed;
	filelink_summed *summed;
	struct net_draw asked;
	uint8_t exit[FP_LEN];
	char url[CLIP_URL_MAX + 1], lines[FETCH_LINES_MAX], host[HOST_MAX + 8];
	bool is_head, is_paused, has_head;
	uint64_t max_body;
	uint8_t *body;                  /* what is to be told, once the head is */
	size_t n, at, part_at;
	bool is_redirect;
};

#define EXITS 24
static struct {
	struct pending list[64];
	uint32_t last_id;
	uint64_t now, wake;
	unsigned n_exits, first_n, fetches, heads, cancels, pauses, requests[EXITS];
	bool first_is_onion, first_is_unknown, is_kin[EXITS], is_class_slow, hop_is_onion;
	unsigned hop_n, hop_exit;       /* exits of redirects' hosts */
	enum err hop_err;               /* once */
	char firsts[512], last_host[HOST_MAX + 8];
	enum err first_err, draw_err, fetch_err;
	struct exit_plan plan[EXITS];
	struct file_commit_r commit;
	struct file_sums_r sums;
	enum err sums_err;
	unsigned commits, sums_asked;
	char urls[8192], last_lines[FETCH_LINES_MAX], dir[64];
	struct downloads *d;
} w;

static struct pending *add(enum what what, void *ctx, uint32_t *id)
{
	for (size_t i = 0; i < 64; i++)
		if (w.list[i].what == W_NONE) {
			memset(&w.list[i], 0, sizeof w.list[i]);
			w.list[i].what = what;
			w.list[i].id = ++w.last_id;
			w.list[i].ctx = ctx;
			*id = w.last_id;
			return &w.list[i];
		}
	abort();
}

static struct pending *find(uint32_t id)
{
	for (size_t i = 0; i < 64; i++)
		if (w.list[i].what != W_NONE && w.list[i].id == id)
			return &w.list[i];
	return NULL;
}

static void forget(struct pending *p)
{
	free(p->body);
	p->body = NULL;
	p->what = W_NONE;
}

static void attach(void *arg, struct downloads *d) { (void)arg; w.d = d; }
static uint64_t now(void *arg) { (void)arg; return w.now; }
static void wake(void *arg, uint64_t at) { (void)arg; w.wake = at; }

static void cancel(void *arg, uint32_t id)
{
	(void)arg;
	struct pending *p = find(id);
	if (!p)
		fail_msg("cancelled what is not pending");
	forget(p);
	w.cancels++;
}

static void pause_fetch(void *arg, uint32_t id)
{
	(void)arg;
	struct pending *p = find(id);
	assert_true(p && p->what == W_FETCH && !p->is_paused);
	p->is_paused = true;
	w.pauses++;
}

static void resume_fetch(void *arg, uint32_t id)
{
	(void)arg;
	struct pending *p = find(id);
	assert_true(p && p->what == W_FETCH && p->is_paused);
	p->is_paused = false;
}

static enum err op_first(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_FIRST, ctx, id);
	p->first = done;
	snprintf(p->host, sizeof p->host, "%s:%u", m->host, m->port);
	snprintf(w.firsts + strlen(w.firsts), sizeof w.firsts - strlen(w.firsts), "%s%s ", p->host, m->first_party[0] ? "" : "?");
	return OK;
}

static enum err op_draw(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_DRAW, ctx, id);
	p->draw = done;
	p->asked = *m;
	return OK;
}

static enum err op_fetch(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id)
{
	(void)arg;
	if (w.fetch_err != OK)
		return w.fetch_err;
	struct pending *p = add(W_FETCH, ctx, id);
	p->fetch = ops;
	memcpy(p->exit, g->exit, FP_LEN);
	snprintf(p->url, sizeof p->url, "%s", g->url);
	snprintf(p->lines, sizeof p->lines, "%s", g->lines);
	snprintf(w.last_lines, sizeof w.last_lines, "%s", g->lines);
	p->is_head = g->is_head;
	p->max_body = g->max_body;
	assert_true(!g->is_decoded && g->deadline_ms > 0 && fetch_lines_are_sent(g->lines));
	assert_null(strcasestr(g->lines, "cookie"));
	assert_null(strcasestr(g->lines, "authorization"));
	w.fetches++;
	w.heads += g->is_head;
	w.requests[g->exit[0] - 1]++;
	size_t used = strlen(w.urls);
	snprintf(w.urls + used, sizeof w.urls - used, "%u:%s ", g->exit[0] - 1u, p->url);
	return OK;
}

static enum err op_classify(void *arg, const struct file_ask *m, int fd, filelink_classed *done, void *ctx, uint32_t *id)
{
	(void)arg;
	assert_int_equal(m->os, FILE_ON_HERE);
	if (fd >= 0) {
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		close(fd);
	}
	add(W_CLASS, ctx, id)->classed = done;
	return OK;
}

static enum err op_commit(void *arg, int fd, filelink_committed *done, void *ctx, uint32_t *id)
{
	(void)arg;
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	add(W_COMMIT, ctx, id)->committed = done;
	w.commits++;
	return OK;
}

static enum err op_sums(void *arg, int fd, filelink_summed *done, void *ctx, uint32_t *id)
{
	(void)arg;
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	add(W_SUMS, ctx, id)->summed = done;
	w.sums_asked++;
	return OK;
}

static const struct download_ops ops = {
	.attach = attach, .first = op_first, .draw = op_draw, .cancel_net = cancel, .fetch = op_fetch, .cancel_fetch = cancel, .pause_fetch = pause_fetch,
	.resume_fetch = resume_fetch, .classify = op_classify, .commit = op_commit, .sums = op_sums, .cancel_file = cancel, .now = now, .wake = wake,
};

static struct relay_info relay(unsigned i)
{
	struct relay_info r = { .nickname = "relay" };
	memset(r.fp, (int)(i + 1), FP_LEN);
	return r;
}

static bool in_list(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t *fp)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

static void answer_draw(struct pending p)
{
	static const uint8_t any[FP_LEN];
	if (w.draw_err != OK) {
		p.draw(p.ctx, w.draw_err, NULL);
		return;
	}
	for (unsigned i = 0; i < w.first_n; i++)
		assert_true(in_list(p.asked.indep, p.asked.n_indep, relay(i).fp));
	for (unsigned i = 0; i < w.n_exits; i++) {
		struct net_draw_r r = { .exit = relay(i) };
		bool wanted = memcmp(p.asked.only, any, FP_LEN) == 0 || memcmp(p.asked.only, r.exit.fp, FP_LEN) == 0;
		if (wanted && !w.is_kin[i] && !in_list(p.asked.indep, p.asked.n_indep, r.exit.fp) && !in_list(p.asked.not_these, p.asked.n_not, r.exit.fp)) {
			p.draw(p.ctx, OK, &r);
			return;
		}
	}
	p.draw(p.ctx, ERR_EXIT_NONE, NULL);
}

/* ---- one answer ---- */

static void put(struct pending *p, const void *bytes, size_t n)
{
	p->body = realloc(p->body, p->n + n + 1);
	assert_non_null(p->body);
	memcpy(p->body + p->n, bytes, n);
	p->n += n;
}

/* Fills body and says what the head must tell of it. */
static unsigned make_body(struct pending *p, const struct exit_plan *plan, char *extra, size_t cap)
{
	const char *range = strstr(p->lines, "Range: bytes=");
	unsigned many = 0;
	extra[0] = '\0';
	if (!range || plan->ranges == RANGES_NONE) {
		put(p, plan->data, plan->n);
		return 200;
	}
	for (const char *c = range; *c != '\n'; c++)
		many += *c == ',';
	if (many && plan->ranges == RANGES_SINGLE) {
		put(p, plan->data, plan->n);
		return 200;
	}
	bool is_multi = many && plan->ranges != RANGES_FIRST;
	size_t total = plan->ranges == RANGES_WRONG_TOTAL ? plan->n + 1 : plan->n;
	for (const char *c = range + 13; ; c++) {
		char *end, line[256];
		size_t from = strtoul(c, &end, 10), to = plan->n - 1;
		if (end[1] >= '0' && end[1] <= '9')
			to = strtoul(end + 1, &end, 10);
		else
			end++;
		if (from >= plan->n) {
			put(p, "", 0);
			return 416;
		}
		to = to < plan->n ? to : plan->n - 1;
		size_t says = from + (plan->ranges == RANGES_SHIFTED);
		if (is_multi) {
			int n = snprintf(line, sizeof line, "%s--b0undary\r\nContent-Type: a/b\r\nContent-Range: bytes %zu-%zu/%zu\r\n\r\n", p->n ? "\r\n" : "", says, to, total);
			put(p, line, (size_t)n);
		} else {
			snprintf(extra, cap, "Content-Range: bytes %zu-%zu/%zu\n", says, to, total);
		}
		put(p, plan->data + from - (plan->ranges == RANGES_LYING && from > 0), to - from + 1 - (plan->ranges == RANGES_SHORT));
		c = end;
		if (*c != ',' || !is_multi)
			break;
	}
	if (is_multi) {
		put(p, "\r\n--b0undary--\r\n", 16);
		snprintf(extra, cap, "Content-Type: multipart/byteranges; boundary=b0undary\n");
	}
	return 206;
}

static void end_fetch(struct pending *p, enum err err)
{
	const struct exit_plan *plan = &w.plan[p->exit[0] - 1];
	struct fetch_end end = { .err = err, .is_framed = !plan->is_unframed, .path = { .n = 3 } };
	end.path.hop[2] = relay(p->exit[0] - 1u + plan->lies);
	const struct fetch_ops *f = p->fetch;
	void *ctx = p->ctx;
	forget(p);
	f->end(ctx, &end);
}

static void give_head(struct pending *p)
{
	const struct exit_plan *plan = &w.plan[p->exit[0] - 1];
	char lines[2048], extra[256];
	bool moves = plan->location && !strstr(p->url, plan->location);
	if (plan->err != OK) {
		end_fetch(p, plan->err);
		return;
	}
	p->has_head = true;
	p->is_redirect = moves;
	unsigned status = moves ? 302 : plan->status ? plan->status : make_body(p, plan, extra, sizeof extra);
	if (moves || plan->status) {
		extra[0] = '\0';
		if (!moves && plan->status == 200)
			put(p, plan->data, plan->n);
	}
	if (p->is_head && plan->head_refused)
		status = 405;
	bool is_multi = strncmp(extra, "Content-Type", 12) == 0;
	int n = snprintf(lines, sizeof lines, "%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s", is_multi ? "" : "Content-Type: ", is_multi ? "" : plan->type ? plan->type : "a/b",
	                 is_multi ? "" : "\n", moves ? "Location: " : "", moves ? plan->location : "", moves ? "\n" : "", plan->etag ? "ETag: " : "",
	                 plan->etag ? plan->etag : "", plan->etag ? "\n" : "", plan->modified ? "Last-Modified: " : "", plan->modified ? plan->modified : "",
	                 plan->modified ? "\n" : "", plan->digest ? plan->digest : "", plan->coding ? "Content-Encoding: " : "", plan->coding ? plan->coding : "",
	                 plan->coding ? "\n" : "", extra);
	const struct fetch_head head = { .http = 11, .status = (uint16_t)status, .has_length = !plan->has_no_length, .length = plan->says_length ? plan->says_length : p->n, .lines = rd_of(lines, (size_t)n) };
	const struct net_step_r step = { .step = STEP_CONNECTING };
	uint32_t id = p->id;
	p->fetch->step(p->ctx, &step);
	p->fetch->head(p->ctx, &head);
	p = find(id);
	if (p && p->is_head)
		p->n = 0;
}

/* One thing more of this fetch. */
static void go_fetch(struct pending *p)
{
	const struct exit_plan *plan = &w.plan[p->exit[0] - 1];
	if (!p->has_head) {
		give_head(p);
		return;
	}
	size_t chunk = plan->chunk ? plan->chunk : FETCH_PIECE_MAX, left = p->n - p->at;
	if (plan->end_err != OK && p->at >= plan->end_at) {
		end_fetch(p, plan->end_err);
		return;
	}
	if (plan->end_err != OK && left > plan->end_at - p->at)
		left = plan->end_at - p->at;
	if (p->at + (left < chunk ? left : chunk) > p->max_body) {
		end_fetch(p, ERR_HTTP_BODY);
		return;
	}
	if (left == 0) {
		end_fetch(p, OK);
		return;
	}
	size_t n = left < chunk ? left : chunk;
	uint8_t *piece = malloc(n);
	memcpy(piece, p->body + p->at, n);
	p->at += n;
	p->fetch->body(p->ctx, rd_of(piece, n));
	free(piece);
}

static void answer_first(struct pending p)
{
	static struct net_first_r r;
	/* Another host than the last answer's: a redirect's. */
	if (strcmp(p.host, w.last_host) != 0) {
		r = (struct net_first_r){ .n = (uint8_t)w.hop_n };
		for (unsigned i = 0; i < w.hop_n && i < CANDIDATES_MAX; i++) {
			r.path[i] = (struct net_path){ .n = 3, .is_onion = w.hop_is_onion };
			r.path[i].hop[2] = relay(w.hop_exit + i);
		}
		p.first(p.ctx, w.hop_err, w.hop_err == OK ? &r : NULL);
		w.hop_err = OK;
		return;
	}
	r = (struct net_first_r){ .n = (uint8_t)(w.first_is_unknown ? 0 : w.first_n) };
	for (unsigned i = 0; i < w.first_n && i < CANDIDATES_MAX; i++) {
		r.path[i] = (struct net_path){ .n = 3, .is_onion = w.first_is_onion };
		r.path[i].hop[2] = relay(i);
	}
	p.first(p.ctx, w.first_err, w.first_err == OK ? &r : NULL);
}

/* Whose turn it is: a fetch gives its turn away after each piece, so that several go on beside each other. */
static bool step(void)
{
	static uint32_t last;
	struct pending *next = NULL, *least = NULL;
	for (size_t i = 0; i < 64; i++) {
		struct pending *p = &w.list[i];
		const struct exit_plan *plan = p->what == W_FETCH ? &w.plan[p->exit[0] - 1] : NULL;
		if (p->what == W_NONE || (plan && (plan->hangs || p->is_paused || (plan->stalls_at_end && p->has_head && p->at == p->n))))
			continue;
		if (!least || p->id < least->id)
			least = p;
		if (p->id > last && (!next || p->id < next->id))
			next = p;
	}
	next = next ? next : least;
	if (!next)
		return false;
	last = next->id;
	if (next->what == W_FETCH) {
		go_fetch(next);
		return true;
	}
	struct pending p = *next;
	forget(next);
	const struct file_class_r class = { .class = FILE_EXECUTABLE, .format = "pe" };
	if (p.what == W_FIRST)
		answer_first(p);
	else if (p.what == W_DRAW)
		answer_draw(p);
	else if (p.what == W_CLASS)
		p.classed(p.ctx, OK, &class);
	else if (p.what == W_SUMS)
		p.summed(p.ctx, w.sums_err, w.sums_err == OK ? &w.sums : NULL);
	else
		p.committed(p.ctx, OK, &w.commit);
	return true;
}

/* ---- the sink ---- */

static struct { unsigned calls, progress; uint32_t id; struct download_result r; struct download_answer others[64]; struct dl_range range[16]; char path[4400]; unsigned classified;
	struct dl_shown ours[16], theirs[16]; uint8_t shown[2][16][4096]; } got;

static void on_result(void *arg, uint32_t id, const struct download_result *r)
{
	(void)arg;
	got.calls++;
	got.id = id;
	got.r = *r;
	assert_in_range(r->n_others, 0, 64);
	assert_in_range(r->n_ranges, 0, 16);
	memcpy(got.others, r->others, r->n_others * sizeof *r->others);
	if (r->n_ranges)
		memcpy(got.range, r->range, r->n_ranges * sizeof *r->range);
	for (size_t i = 0; i < r->n_ranges; i++) {
		assert_true(r->ours[i].n <= r->range[i].length && r->ours[i].n <= 4096 && r->theirs[i].n <= r->range[i].length && r->theirs[i].n <= 4096);
		memcpy(got.shown[0][i], r->ours[i].bytes, r->ours[i].n);
		memcpy(got.shown[1][i], r->theirs[i].bytes, r->theirs[i].n);
		got.ours[i] = (struct dl_shown){ got.shown[0][i], r->ours[i].n };
		got.theirs[i] = (struct dl_shown){ got.shown[1][i], r->theirs[i].n };
	}
	snprintf(got.path, sizeof got.path, "%s", r->path ? r->path : "");
}

static void on_progress(void *arg, uint32_t id, const struct download_progress *p)
{
	(void)arg, (void)id;
	got.progress++;
	assert_true(p->slot < 100 && download_step_name(p->step));
}

static void on_classified(void *arg, uint32_t id, enum err err, const struct download_classified *r)
{
	(void)arg, (void)id;
	assert_true((err == OK) == (r != NULL));
	got.classified++;
}

static const struct download_sink sink = { NULL, on_progress, on_result, on_classified };

/* ---- files ---- */

static unsigned count_files(void)
{
	unsigned n = 0;
	DIR *dir = opendir(w.dir);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)); )
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void empty_dir(void)
{
	DIR *dir = opendir(w.dir);
	for (struct dirent *e; dir && (e = readdir(dir)); )
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
}

static const char *in_dir(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", w.dir, name);
	return path;
}

static void write_file(const char *name, const uint8_t *bytes, size_t n)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static void append_file(const char *name, const uint8_t *bytes, size_t n)
{
	int fd = open(in_dir(name), O_WRONLY | O_APPEND);
	assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static bool file_is(const char *path, const uint8_t *bytes, size_t n)
{
	static uint8_t there[32 << 20];
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	ssize_t got_n = read(fd, there, sizeof there);
	close(fd);
	return got_n == (ssize_t)n && memcmp(there, bytes, n) == 0;
}

#endif
