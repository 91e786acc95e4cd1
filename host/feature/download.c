/* The public face of downloads (contract in feature/download.h). */
#include "feature/download.h"
#include "feature/downloadops.h"
#include <stdlib.h>

struct downloads { const struct download_ops *ops; struct download_sink sink; };

const char *download_step_name(enum dl_step s)
{
	static const char *const names[] = {
		[DL_STEP_CHOOSING] = "choosing", [DL_STEP_BUILDING] = "building", [DL_STEP_CONNECTING] = "connecting",
		[DL_STEP_HANDSHAKING] = "handshaking", [DL_STEP_FETCHING] = "fetching", [DL_STEP_COMPARING] = "comparing",
		[DL_STEP_DONE] = "done", [DL_STEP_FAILED] = "failed",
	};
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "failed";
}

const char *download_class_name(enum dl_class c)
{
	return c == DL_CLASS_EXECUTABLE ? "executable" : c == DL_CLASS_OTHER ? "other" : c == DL_CLASS_TRANSPARENT ? "transparent" : NULL;
}

const char *download_state_name(enum dl_state s)
{
	return s == DL_STATE_HELD ? "held" : s == DL_STATE_FINISHED ? "finished" : s == DL_STATE_BROWSER ? "browser" : "none";
}

struct downloads *downloads_new(const struct download_ops *ops, const struct download_sink *sink)
{
	struct downloads *d = calloc(1, sizeof *d);
	if (d) {
		d->ops = ops;
		d->sink = *sink;
	}
	return d;
}

void downloads_free(struct downloads *d)
{
	free(d);
}

enum err download_start(struct downloads *d, uint32_t id, const struct download_request *r)
{
	(void)d, (void)id, (void)r;
	return ERR_USAGE;
}

void download_local(struct downloads *d, uint32_t target, uint64_t size)
{
	(void)d, (void)target, (void)size;
}

enum err download_retry(struct downloads *d, uint32_t id, uint32_t download, bool whole)
{
	(void)d, (void)id, (void)download, (void)whole;
	return ERR_DL_UNKNOWN;
}

enum err download_discard(struct downloads *d, uint32_t download)
{
	(void)d, (void)download;
	return ERR_DL_UNKNOWN;
}

enum err download_keep(struct downloads *d, uint32_t download, char *path, size_t cap)
{
	(void)d, (void)download, (void)path, (void)cap;
	return ERR_DL_UNKNOWN;
}

enum err download_show(struct downloads *d, uint32_t download)
{
	(void)d, (void)download;
	return ERR_DL_UNKNOWN;
}

enum err download_classify(struct downloads *d, uint32_t id, const struct download_classify *r)
{
	(void)d, (void)id, (void)r;
	return ERR_DL_CLASS;
}

bool download_cancel(struct downloads *d, uint32_t id)
{
	(void)d, (void)id;
	return false;
}

void downloads_wipe(struct downloads *d)
{
	(void)d;
}

void downloads_tick(struct downloads *d)
{
	(void)d;
}
