/* The file role's dispatcher (contract in filed.h). */
#include "parse/file/filed.h"

#include "base/log.h"
#include "parse/file/classify.h"
#include "parse/file/commit.h"
#include "parse/file/sums.h"
#include "priv/filemsg.h"

#include <stdlib.h>
#include <unistd.h>

struct filed {
	struct inner *inner;
	uint32_t id;
	bool has_config, is_asked;
};

/* Lets main hear that we live. Whether main lives isn't looked at here: its death ends us by a signal (priv/inner.h). */
static void alive(void *arg, uint64_t bytes)
{
	struct filed *d = arg;
	struct buf payload BUF_AUTO = buf_new(8);

	buf_u64(&payload, bytes);
	inner_send(d->inner, FILE_R_ALIVE, d->id, &payload);
	inner_flush(d->inner);
}

/* What the answer is; its type to *type. */
static enum err answer(struct filed *d, uint16_t asked, const struct file_ask *m, int fd, uint16_t *type, struct buf *payload)
{
	struct src src;
	enum err err = OK;

	if (fd >= 0)
		err = src_open(&src, fd);
	if (err != OK)
		return err;
	if (fd >= 0) {
		src.alive = alive;
		src.arg = d;
	}
	if (asked == FILE_COMMIT) {
		struct file_commit_r c;
		if (fd < 0)
			return ERR_USAGE;
		err = commit_file(&src, false, &c);
		*type = FILE_R_COMMIT;
		if (err == OK)
			filemsg_put_commit_r(payload, &c);
		return err != OK ? err : buf_err(payload);
	}
	if (asked == FILE_SUMS) {
		struct file_sums_r s;
		if (fd < 0)
			return ERR_USAGE;
		err = sums_file(&src, &s);
		*type = FILE_R_SUMS;
		if (err == OK)
			filemsg_put_sums_r(payload, &s);
		return err != OK ? err : buf_err(payload);
	}
	struct file_class_r r;
	err = classify(fd >= 0 ? &src : NULL, m, &r);
	*type = FILE_R_CLASS;
	if (err == OK)
		filemsg_put_class_r(payload, &r);
	return err != OK ? err : buf_err(payload);
}

static enum err ask(struct filed *d, const struct frame *f)
{
	struct file_ask m;
	enum err err = filemsg_get_ask(f->payload, &m);
	int fd = inner_take_fd(d->inner);
	uint16_t type = FILE_R_ERROR;

	/* One question for a process: the frame's bytes would move away beneath a second one. */
	if (err != OK || (fd >= 0) != (m.has_file == 1) || d->is_asked) {
		if (fd >= 0)
			close(fd);
		return ERR_FORMAT;
	}
	d->is_asked = true;
	d->id = f->id;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	err = answer(d, f->type, &m, fd, &type, &payload);
	if (err != OK) {
		struct buf why BUF_AUTO = buf_new(4);
		buf_u32(&why, err);
		inner_send(d->inner, FILE_R_ERROR, f->id, &why);
	} else {
		inner_send(d->inner, type, f->id, &payload);
	}
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
	case FILE_SUMS:
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

struct filed *filed_new(void)
{
	return calloc(1, sizeof (struct filed));
}

void filed_attach(struct filed *d, struct inner *inner)
{
	d->inner = inner;
}

void filed_free(struct filed *d)
{
	free(d);
}
