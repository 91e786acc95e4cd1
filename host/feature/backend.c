/* See backend.h. Nothing but passing on. */
#include "feature/backend.h"
#include "base/clock.h"
#include "feature/clip.h"
#include "feature/download.h"
#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

struct backend {
	struct netlink *net;
	struct parselink *parse;
	struct event *timer;
	struct parselink *pages;   /* a parse role for pages alone; rests between comparisons */
	struct fetchlink *fetch;
	struct filelink *files;
	struct event *clip_timer, *download_timer, *report_timer;
	struct certcheck *check;   /* borrowed; NULL while none is attached */
	struct clip *clip;         /* likewise */
	struct downloads *downloads;
	struct reports *reports;
	struct check_ops ops;
	struct clip_ops clip_ops;
	struct download_ops download_ops;
	struct report_ops report_ops;
};

static void op_attach(void *arg, struct certcheck *c)
{
	struct backend *b = arg;
	b->check = c;
}

static enum err op_first(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return netlink_first(b->net, m, done, ctx, id);
}

static enum err op_draw(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return netlink_draw(b->net, m, done, ctx, id);
}

static enum err op_look(void *arg, const struct net_look *m, netlink_step_cb *step, netlink_look_cb *done, void *ctx,
                        uint32_t *id)
{
	struct backend *b = arg;
	return netlink_look(b->net, m, step, done, ctx, id);
}

static enum err op_close(void *arg, const struct net_first *m, netlink_close_cb *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return netlink_close(b->net, m, done, ctx, id);
}

static enum err op_status(void *arg, netlink_status_cb *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return netlink_status(b->net, done, ctx, id);
}

static void op_warm(void *arg, const struct net_warm *m)
{
	struct backend *b = arg;
	netlink_warm(b->net, m);
}

static void op_cancel_net(void *arg, uint32_t id)
{
	struct backend *b = arg;
	netlink_cancel(b->net, id);
}

static enum err op_judge(void *arg, const struct parse_judge *m, parselink_judged *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return parselink_judge(b->parse, m, done, ctx, id);
}

static enum err op_roots(void *arg, parselink_rooted *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return parselink_roots(b->parse, done, ctx, id);
}

static void op_cancel_parse(void *arg, uint32_t id)
{
	struct backend *b = arg;
	parselink_cancel(b->parse, id);
}

static uint64_t op_now(void *arg)
{
	(void)arg;
	return clock_ms();
}

static uint64_t op_wall(void *arg)
{
	(void)arg;
	return (uint64_t)time(NULL);
}

static void wake(struct event *timer, uint64_t at)
{
	uint64_t now = clock_ms();
	if (at == UINT64_MAX) {
		event_del(timer);
		return;
	}
	uint64_t ms = at > now ? at - now : 0;
	struct timeval wait = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	event_add(timer, &wait);
}

static void op_wake(void *arg, uint64_t at)
{
	struct backend *b = arg;
	wake(b->timer, at);
}

static void op_clip_wake(void *arg, uint64_t at)
{
	struct backend *b = arg;
	wake(b->clip_timer, at);
}

static void op_clip_attach(void *arg, struct clip *c)
{
	struct backend *b = arg;
	b->clip = c;
}

static enum err op_scan(void *arg, const struct parse_scan *m, const uint8_t *const *text, parselink_scanned *done,
                        void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return parselink_scan(b->parse, m, text, done, ctx, id);
}

static enum err op_place(void *arg, const struct parse_place *m, const uint8_t *body, parselink_placed *done, void *ctx,
                         uint32_t *id)
{
	struct backend *b = arg;
	return parselink_place(b->pages, m, body, done, ctx, id);
}

static void op_cancel_place(void *arg, uint32_t id)
{
	struct backend *b = arg;
	parselink_cancel(b->pages, id);
}

static void op_rest(void *arg)
{
	struct backend *b = arg;
	parselink_rest(b->pages);
}

static enum err op_fetch(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return fetchlink_get(b->fetch, g, ops, ctx, id);
}

static void op_cancel_fetch(void *arg, uint32_t id)
{
	struct backend *b = arg;
	fetchlink_cancel(b->fetch, id);
}

static enum err op_classify(void *arg, const struct file_ask *m, int fd, filelink_classed *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return filelink_classify(b->files, m, fd, 0, done, ctx, id);
}

static enum err op_commit(void *arg, int fd, filelink_committed *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return filelink_commit(b->files, fd, 0, done, ctx, id);
}

static enum err op_sums(void *arg, int fd, filelink_summed *done, void *ctx, uint32_t *id)
{
	struct backend *b = arg;
	return filelink_sums(b->files, fd, 0, done, ctx, id);
}

static void op_cancel_file(void *arg, uint32_t id)
{
	struct backend *b = arg;
	filelink_cancel(b->files, id);
}

static void op_pause_fetch(void *arg, uint32_t id)
{
	struct backend *b = arg;
	fetchlink_pause(b->fetch, id);
}

static void op_resume_fetch(void *arg, uint32_t id)
{
	struct backend *b = arg;
	fetchlink_resume(b->fetch, id);
}

static void op_download_wake(void *arg, uint64_t at)
{
	struct backend *b = arg;
	wake(b->download_timer, at);
}

static void op_download_attach(void *arg, struct downloads *d)
{
	struct backend *b = arg;
	b->downloads = d;
}

static void on_download_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;
	(void)fd;
	(void)what;
	if (b->downloads)
		downloads_tick(b->downloads);
}

static void op_report_wake(void *arg, uint64_t at)
{
	struct backend *b = arg;
	wake(b->report_timer, at);
}

static void op_report_attach(void *arg, struct reports *r)
{
	struct backend *b = arg;
	b->reports = r;
}

static uint32_t op_random(void *arg, uint32_t below)
{
	(void)arg;
	return randombytes_uniform(below);
}

static void on_report_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;
	(void)fd;
	(void)what;
	if (b->reports)
		reports_tick(b->reports);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;
	(void)fd;
	(void)what;
	if (b->check)
		certcheck_tick(b->check);
}

static void on_clip_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;
	(void)fd;
	(void)what;
	if (b->clip)
		clip_tick(b->clip);
}

static void on_state(void *arg, const struct net_state *s)
{
	struct backend *b = arg;
	if (b->check)
		certcheck_tor_state(b->check, s);
}

static void on_newnym(void *arg)
{
	struct backend *b = arg;
	if (b->clip)
		clip_wipe(b->clip);
	if (b->downloads)
		downloads_wipe(b->downloads);
	if (b->check)
		certcheck_newnym(b->check);
}

struct backend *backend_new(struct event_base *base, const struct net_config *net, const struct parse_config *parse)
{
	const struct netlink_news news = { on_state, on_newnym };
	struct backend *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->ops = (struct check_ops){ b, op_attach, op_first, op_draw, op_look, op_close, op_status, op_cancel_net, op_warm,
	                             op_judge, op_roots, op_cancel_parse, op_now, op_wall, op_wake, op_fetch, op_cancel_fetch };
	b->net = netlink_new(base, net, &news, b);
	b->parse = parselink_new(base, parse);
	b->pages = parselink_new(base, parse);
	b->fetch = b->net ? fetchlink_new(base, b->net) : NULL;
	b->files = filelink_new(base);
	b->timer = event_new(base, -1, 0, on_timer, b);
	b->clip_timer = event_new(base, -1, 0, on_clip_timer, b);
	b->download_timer = event_new(base, -1, 0, on_download_timer, b);
	b->report_timer = event_new(base, -1, 0, on_report_timer, b);
	b->report_ops = (struct report_ops){ b, op_report_attach, op_status, op_cancel_net, op_fetch, op_cancel_fetch, op_random, op_now,
	                                     op_wall, op_report_wake };
	b->clip_ops = (struct clip_ops){
		.arg = b, .attach = op_clip_attach, .scan = op_scan, .cancel_scan = op_cancel_parse, .place = op_place,
		.cancel_place = op_cancel_place, .rest = op_rest, .first = op_first, .draw = op_draw, .cancel_net = op_cancel_net,
		.fetch = op_fetch, .cancel_fetch = op_cancel_fetch, .now = op_now, .wake = op_clip_wake,
	};
	b->download_ops = (struct download_ops){
		.arg = b, .attach = op_download_attach, .first = op_first, .draw = op_draw, .cancel_net = op_cancel_net,
		.fetch = op_fetch, .cancel_fetch = op_cancel_fetch, .pause_fetch = op_pause_fetch, .resume_fetch = op_resume_fetch,
		.classify = op_classify, .commit = op_commit, .sums = op_sums,
		.cancel_file = op_cancel_file, .now = op_now, .wake = op_download_wake,
	};
	if (!b->net || !b->parse || !b->pages || !b->fetch || !b->files || !b->timer || !b->clip_timer || !b->download_timer ||
	    !b->report_timer) {
		backend_free(b);
		return NULL;
	}
	return b;
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	filelink_free(b->files);
	fetchlink_free(b->fetch);
	netlink_free(b->net);
	parselink_free(b->parse);
	parselink_free(b->pages);
	if (b->timer)
		event_free(b->timer);
	if (b->clip_timer)
		event_free(b->clip_timer);
	if (b->download_timer)
		event_free(b->download_timer);
	if (b->report_timer)
		event_free(b->report_timer);
	free(b);
}

enum err backend_start(struct backend *b)
{
	return netlink_start(b->net);
}

const struct check_ops *backend_ops(struct backend *b)
{
	return &b->ops;
}

const struct clip_ops *backend_clip_ops(struct backend *b)
{
	return &b->clip_ops;
}

const struct download_ops *backend_download_ops(struct backend *b)
{
	return &b->download_ops;
}

const struct report_ops *backend_report_ops(struct backend *b)
{
	return &b->report_ops;
}

struct netlink *backend_net(struct backend *b)
{
	return b->net;
}

struct parselink *backend_parse(struct backend *b)
{
	return b->parse;
}
