// Aims at classify, the table of types and the listing of archives: the first byte chooses systems, the next up to a NUL are the name, the next the
// type, the rest is the file.
// uses: host/parse/file/classify.c host/parse/file/list.c host/parse/file/types.c host/parse/file/src.c host/priv/filemsg.c host/priv/parsemsg.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -larchive
#include "parse/file/classify.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void take(struct rd *r, char *out, size_t cap)
{
	size_t n = 0;
	while (r->left && r->at[0]) {
		char c = (char)rd_u8(r);
		if (n + 1 < cap)
			out[n++] = c;
	}
	(void)rd_u8(r);
	out[n] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int fd = -1;
	struct rd r = rd_of(bytes, n);
	struct file_ask ask = { .os = (uint8_t)(rd_u8(&r) & FILE_ON_ANY) };
	struct file_class_r out, again;
	struct src s;
	if (ask.os == 0)
		ask.os = FILE_ON_ANY;
	take(&r, ask.name, sizeof ask.name);
	take(&r, ask.type, sizeof ask.type);
	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)r.left) != 0 || (r.left > 0 && pwrite(fd, r.at, r.left, 0) != (ssize_t)r.left))
		abort();
	if (src_open(&s, fd) != OK || classify(&s, &ask, &out) != OK)
		abort();
	struct buf b = buf_new(FRAME_MAX);
	filemsg_put_class_r(&b, &out);
	if (buf_err(&b) != OK || filemsg_get_class_r(rd_of(b.bytes, b.len), &again) != OK)
		abort();
	buf_free(&b);
	return 0;
}
