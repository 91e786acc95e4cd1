/* See backend.h. Nothing but passing on. */
#include "feature/backend.h"
#include "base/clock.h"
#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

struct backend {
	struct netlink *net;
	struct parselink *parse;
	struct event *timer;
	struct certcheck *check;   /* borrowed; NULL while none is attached */
	struct check_ops ops;
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

static void op_wake(void *arg, uint64_t at)
{
	struct backend *b = arg;
	uint64_t now = clock_ms();
	if (at == UINT64_MAX) {
		event_del(b->timer);
		return;
	}
	uint64_t ms = at > now ? at - now : 0;
	struct timeval wait = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	event_add(b->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;
	(void)fd;
	(void)what;
	if (b->check)
		certcheck_tick(b->check);
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
	if (b->check)
		certcheck_newnym(b->check);
}

struct backend *backend_new(struct event_base *base, const struct net_config *net, const struct parse_config *parse)
{
	const struct netlink_news news = { on_state, on_newnym };
	struct backend *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->ops = (struct check_ops){ b, op_attach, op_first, op_draw, op_look, op_close, op_status, op_cancel_net,
	                             op_judge, op_roots, op_cancel_parse, op_now, op_wall, op_wake };
	b->net = netlink_new(base, net, &news, b);
	b->parse = parselink_new(base, parse);
	b->timer = event_new(base, -1, 0, on_timer, b);
	if (!b->net || !b->parse || !b->timer) {
		backend_free(b);
		return NULL;
	}
	return b;
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	netlink_free(b->net);
	parselink_free(b->parse);
	if (b->timer)
		event_free(b->timer);
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

struct netlink *backend_net(struct backend *b)
{
	return b->net;
}

struct parselink *backend_parse(struct backend *b)
{
	return b->parse;
}
