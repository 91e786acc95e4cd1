/* The fetch role's dispatcher (contract in fetchd.h): frames become transfers, what they bring becomes frames. */
#include "fetch/fetchd.h"

#include "base/log.h"
#include "fetch/transfer.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

struct one {
	struct one *next;
	struct fetchd *d;
	uint32_t id;
	struct transfer *transfer;
};

struct fetchd {
	struct event_base *base;
	struct inner *inner;
	struct one *first;
	size_t n;
	bool has_config;
};

static struct one *find(const struct fetchd *d, uint32_t id)
{
	for (struct one *o = d->first; o != NULL; o = o->next)
		if (o->id == id)
			return o;
	return NULL;
}

static void drop(struct one *o)
{
	struct fetchd *d = o->d;

	for (struct one **at = &d->first; *at != NULL; at = &(*at)->next) {
		if (*at != o)
			continue;
		*at = o->next;
		d->n--;
		break;
	}
	transfer_free(o->transfer);
	free(o);
}

/* ---- what comes ---- */

static void on_head(void *arg, struct transfer *t, const struct fetch_head *h)
{
	struct one *o = arg;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	(void)t;
	fetchmsg_put_head(&payload, h);
	inner_send(o->d->inner, FETCH_R_HEAD, o->id, &payload);
}

static void on_body(void *arg, struct transfer *t, const uint8_t *bytes, size_t n)
{
	struct one *o = arg;
	struct buf payload BUF_AUTO = buf_new(FETCH_PIECE_MAX);

	(void)t;
	buf_put(&payload, bytes, n);
	inner_send(o->d->inner, FETCH_R_BODY, o->id, &payload);
}

static void send_end(struct fetchd *d, uint32_t id, const struct fetch_tail *m)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	fetchmsg_put_tail(&payload, m);
	inner_send(d->inner, FETCH_R_END, id, &payload);
}

static void on_end(void *arg, struct transfer *t, const struct fetch_tail *m)
{
	struct one *o = arg;

	(void)t;
	send_end(o->d, o->id, m);
	drop(o);
}

static const struct transfer_ops transfer_ops = { on_head, on_body, on_end };

/* ---- frames ---- */

/* Takes fd. */
static enum err begin(struct fetchd *d, uint32_t id, const struct fetch_ask *m, int fd)
{
	struct one *o = NULL;

	if (d->n >= FETCHES_MAX)
		goto failed;
	o = calloc(1, sizeof *o);
	if (o == NULL)
		goto failed;
	*o = (struct one){ .next = d->first, .d = d, .id = id };
	o->transfer = transfer_new(d->base, m, fd, &transfer_ops, o);
	if (o->transfer == NULL) {
		free(o);
		return ERR_NOMEM;
	}
	d->first = o;
	d->n++;
	return OK;
failed:
	close(fd);
	return d->n >= FETCHES_MAX ? ERR_MSG_BUSY : ERR_NOMEM;
}

static enum err get(struct fetchd *d, const struct frame *f)
{
	struct fetch_ask m;
	int fd = inner_take_fd(d->inner);
	enum err err = fetchmsg_get_ask(f->payload, &m);

	if (err != OK || fd < 0 || f->id == 0 || find(d, f->id) != NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_FORMAT;
	}
	err = begin(d, f->id, &m, fd);
	if (err != OK) {
		const struct fetch_tail end = { .err = err };
		send_end(d, f->id, &end);
	}
	return OK;
}

static enum err more(struct fetchd *d, const struct frame *f)
{
	struct rd in = f->payload;
	uint32_t n = rd_u32(&in);
	struct one *o = find(d, f->id);

	if (!rd_done(&in) || n == 0 || n > FETCH_WINDOW)
		return ERR_FORMAT;
	/* It may have ended meanwhile. */
	if (o != NULL)
		transfer_more(o->transfer, n);
	return OK;
}

static enum err cancel(struct fetchd *d, const struct frame *f)
{
	struct one *o = find(d, f->id);

	if (!rd_done(&f->payload))
		return ERR_FORMAT;
	if (o != NULL)
		drop(o);
	return OK;
}

static enum err dispatch(struct fetchd *d, const struct frame *f)
{
	if ((f->type == FETCH_CONFIG) == d->has_config)
		return ERR_FORMAT;
	switch (f->type) {
	case FETCH_CONFIG:
		d->has_config = f->id == 0 && rd_done(&f->payload);
		return d->has_config ? OK : ERR_FORMAT;
	case FETCH_GET:
		return get(d, f);
	case FETCH_MORE:
		return more(d, f);
	case FETCH_CANCEL:
		return cancel(d, f);
	default:
		return ERR_FORMAT;
	}
}

static void on_frame(void *arg, const struct frame *f)
{
	enum err err = dispatch(arg, f);

	if (err == OK)
		return;
	/* Main is one program with us: what it sends is right, or one of us has a bug. */
	log_line("frame of type %u: %s", f->type, err_name(err));
	exit(1);
}

const struct inner_ops fetchd_inner_ops = { on_frame, NULL };

struct fetchd *fetchd_new(struct event_base *base)
{
	struct fetchd *d = calloc(1, sizeof *d);

	if (d != NULL)
		d->base = base;
	return d;
}

void fetchd_attach(struct fetchd *d, struct inner *inner)
{
	d->inner = inner;
}

void fetchd_free(struct fetchd *d)
{
	if (d == NULL)
		return;
	for (struct one *o = d->first, *next; o != NULL; o = next) {
		next = o->next;
		transfer_free(o->transfer);
		free(o);
	}
	free(d);
}
