/* The file role's dispatcher (contract in filed.h). */
#include "parse/file/filed.h"

#include "base/log.h"
#include "priv/filemsg.h"

#include <stdlib.h>
#include <unistd.h>

struct filed {
	struct event_base *base;
	struct inner *inner;
	bool has_config;
};

static enum err ask(struct filed *d, const struct frame *f)
{
	struct file_ask m;
	enum err err = filemsg_get_ask(f->payload, &m);
	int fd = inner_take_fd(d->inner);

	if (err != OK || (fd >= 0) != (m.has_file == 1))
		return ERR_FORMAT;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	buf_u32(&payload, ERR_BUG);
	inner_send(d->inner, FILE_R_ERROR, f->id, &payload);
	if (fd >= 0)
		close(fd);
	return OK;
}

static enum err dispatch(struct filed *d, const struct frame *f)
{
	if ((f->type == FILE_CONFIG) == d->has_config)
		return ERR_FORMAT;
	switch (f->type) {
	case FILE_CONFIG:
		d->has_config = f->id == 0 && rd_done(&f->payload);
		return d->has_config ? OK : ERR_FORMAT;
	case FILE_CLASSIFY:
	case FILE_COMMIT:
		return ask(d, f);
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

const struct inner_ops filed_inner_ops = { on_frame, NULL };

struct filed *filed_new(struct event_base *base)
{
	struct filed *d = calloc(1, sizeof *d);

	if (d != NULL)
		d->base = base;
	return d;
}

void filed_attach(struct filed *d, struct inner *inner)
{
	d->inner = inner;
}

void filed_free(struct filed *d)
{
	free(d);
}
