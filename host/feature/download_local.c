/* The file here (download_in.h): made or opened, growing, complete; then digested, classified, and asked for a part that commits to the rest.
 * Foreign bytes are read by processes of their own (priv/filelink.h); here they are only digested and compared. */
#include "feature/download_in.h"
#include "feature/dlname.h"
#include <stdlib.h>
#include <string.h>

enum err dl_local_open(struct download *d)
{
	char name[DL_NAME_MAX + 1];
	const struct download_request *r = &d->request;

	if (!r->is_fetch)
		return dlfile_open(&d->file, r->path);
	dlname_clean(r->name, d->url, name);
	crypto_hash_sha256_init(&d->copy_hash);
	return dlfile_create(&d->file, r->dir, name);
}

void dl_local_grew(struct download *d, uint64_t have)
{
	if (have <= d->have && !d->is_complete)
		return;
	d->have = have;
	for (size_t i = 1; i <= K_MAX && d->phase == DL_RUNNING; i++)
		if (d->slots[i].state == DL_SLOT_FETCHING && (d->slots[i].n_ahead || d->slots[i].is_paused))
			dl_bytes_go_on(&d->slots[i]);
}

/* ---- what kind it is ---- */

static void on_classed(void *arg, enum err err, const struct file_class_r *r)
{
	static const enum dl_class classes[] = { [FILE_TRANSPARENT] = DL_CLASS_TRANSPARENT, [FILE_OTHER] = DL_CLASS_OTHER,
	                                         [FILE_EXECUTABLE] = DL_CLASS_EXECUTABLE };
	struct download *d = arg;

	d->class_id = 0;
	d->is_class_known = true;
	if (err == OK && r->class < sizeof classes / sizeof *classes) {
		d->class_ = classes[r->class];
		memcpy(d->format, r->format, sizeof d->format);
	}
	dl_go_on(d);
	downloads_pump(d->owner);
}

static void classify(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;
	struct file_ask m = { .os = FILE_ON_HERE };
	int fd = dlfile_reader(&d->file);

	snprintf(m.name, sizeof m.name, "%s", d->file.name);
	snprintf(m.type, sizeof m.type, "%s", d->request.content_type);
	if (fd < 0 || ops->classify(ops->arg, &m, fd, on_classed, d, &d->class_id) != OK) {
		d->class_id = 0;
		d->is_class_known = true;
	}
}

/* ---- does a part commit to the rest? ---- */

static void on_committed(void *arg, enum err err, const struct file_commit_r *r)
{
	struct download *d = arg;

	d->commit_id = 0;
	d->is_commit_known = true;
	d->commit = err == OK ? *r : (struct file_commit_r){ .status = FILE_COMMIT_NONE };
	dl_go_on(d);
	downloads_pump(d->owner);
}

void dl_commit_ask(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;

	if (d->commit_id || d->is_commit_known)
		return;
	int fd = dlfile_reader(&d->file);
	if (fd >= 0 && ops->commit(ops->arg, fd, on_committed, d, &d->commit_id) == OK)
		return;
	d->commit_id = 0;
	d->is_commit_known = true;
	d->commit = (struct file_commit_r){ .status = FILE_COMMIT_NONE };
}

/* ---- sums that servers' headers have ---- */

static void on_summed(void *arg, enum err err, const struct file_sums_r *r)
{
	struct download *d = arg;

	d->sums_id = 0;
	d->are_sums_known = true;
	d->has_sums = err == OK && r->size == d->file.size;
	if (d->has_sums)
		d->sums = *r;
	dl_go_on(d);
	downloads_pump(d->owner);
}

void dl_sums_ask(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;

	if (d->sums_id || d->are_sums_known)
		return;
	int fd = dlfile_reader(&d->file);
	if (fd >= 0 && ops->sums(ops->arg, fd, on_summed, d, &d->sums_id) == OK)
		return;
	d->sums_id = 0;
	d->are_sums_known = true;
}

/* ---- complete ---- */

void dl_local_done(struct download *d, uint64_t size)
{
	if (d->is_complete || d->phase == DL_ENDING || d->phase == DL_KEPT)
		return;
	enum err err = dlfile_complete(&d->file, size);
	if (err != OK) {
		dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
		return;
	}
	d->is_complete = true;
	if (d->request.is_fetch) {
		crypto_hash_sha256_state copy = d->copy_hash;
		crypto_hash_sha256_final(&copy, d->sha256);
		d->has_sha256 = true;
	}
	if (d->entity.length < 0)
		d->entity.length = (int64_t)size;
	classify(d);
	dl_local_grew(d, size);
	/* Beside the rest of the other transfer. */
	if (d->has_grown && d->phase == DL_RUNNING && d->method == DL_METHOD_WHOLE)
		dl_hash(d, false);
}

/* ---- digests of what the browser wrote ---- */

void dl_hash(struct download *d, bool with_512)
{
	if ((d->is_hashing && d->is_hashing_512 >= with_512) || (d->has_sha256 && d->has_sha512 >= with_512))
		return;
	d->is_hashing = true;
	d->is_hashing_512 = with_512;
	d->hash_at = 0;
	crypto_hash_sha256_init(&d->hash256);
	crypto_hash_sha512_init(&d->hash512);
}

static void hash_on(struct download *d)
{
	uint64_t left = d->file.size - d->hash_at;
	size_t n = left < DL_HASH_PIECE ? (size_t)left : DL_HASH_PIECE;
	uint8_t *piece = malloc(DL_HASH_PIECE);
	enum err err = piece ? dlfile_read(&d->file, d->hash_at, piece, n) : ERR_NOMEM;

	if (err == OK) {
		crypto_hash_sha256_update(&d->hash256, piece, n);
		if (d->is_hashing_512)
			crypto_hash_sha512_update(&d->hash512, piece, n);
		d->hash_at += n;
	}
	free(piece);
	if (err != OK) {
		d->is_hashing = false;
		dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
	} else if (d->hash_at == d->file.size) {
		crypto_hash_sha256_final(&d->hash256, d->sha256);
		d->is_hashing = false;
		d->has_sha256 = true;
		if (d->is_hashing_512) {
			crypto_hash_sha512_final(&d->hash512, d->sha512);
			d->has_sha512 = true;
		}
		dl_go_on(d);
	}
}

/* ---- time ---- */

/* The browser's file while it grows: looked at only for those who wait for it. */
static bool is_watched(const struct download *d)
{
	for (size_t i = 1; i <= K_MAX; i++)
		if (d->slots[i].is_paused)
			return !d->is_complete && !d->request.is_fetch;
	return false;
}

void dl_local_time(struct download *d)
{
	uint64_t size;

	if (d->is_hashing && d->is_complete)
		hash_on(d);
	if (d->phase == DL_RUNNING && is_watched(d) && dlfile_size(&d->file, &size) == OK)
		dl_local_grew(d, size);
}

uint64_t dl_local_next(const struct download *d, uint64_t now)
{
	if (d->is_hashing && d->is_complete)
		return now;
	return is_watched(d) ? now + DL_GROW_MS : DL_NEVER;
}

void dl_local_stop(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;

	if (d->class_id)
		ops->cancel_file(ops->arg, d->class_id);
	if (d->commit_id)
		ops->cancel_file(ops->arg, d->commit_id);
	if (d->sums_id)
		ops->cancel_file(ops->arg, d->sums_id);
	d->class_id = d->commit_id = d->sums_id = 0;
	d->is_hashing = false;
}
