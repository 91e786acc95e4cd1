/* The bounded reader (contract in base/rd.h). No pointer arithmetic on foreign bytes happens elsewhere. */
#include "base/rd.h"
#include <string.h>

static const uint8_t nothing[1];

/* What a cursor becomes after a failed read: empty, never NULL, bad for good. */
static struct rd rd_failed(void)
{
	return (struct rd){ .at = nothing, .left = 0, .bad = true };
}

struct rd rd_of(const void *bytes, size_t n)
{
	if (bytes == NULL)
		return (struct rd){ .at = nothing, .left = 0, .bad = n > 0 };
	return (struct rd){ .at = bytes, .left = n, .bad = false };
}

struct rd rd_take(struct rd *r, size_t n)
{
	if (r->bad || n > r->left)
		return *r = rd_failed();
	struct rd part = { .at = r->at, .left = n, .bad = false };
	r->at += n;
	r->left -= n;
	return part;
}

/* n <= 8 bytes, most significant first; 0 when bad. */
static uint64_t rd_number(struct rd *r, size_t n)
{
	struct rd part = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < part.left; i++)
		v = v << 8 | part.at[i];
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)rd_number(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)rd_number(r, 2);
}

uint32_t rd_u24(struct rd *r)
{
	return (uint32_t)rd_number(r, 3);
}

uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)rd_number(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
	return rd_number(r, 8);
}

void rd_copy(struct rd *r, void *out, size_t n)
{
	struct rd part = rd_take(r, n);

	if (n == 0)
		return;
	if (part.bad)
		memset(out, 0, n);
	else
		memcpy(out, part.at, n);
}

void rd_str(struct rd *r, char *out, size_t cap)
{
	size_t n = rd_u16(r);
	struct rd part = rd_take(r, n);

	if (cap > 0)
		out[0] = '\0';
	if (part.bad)
		return;
	if (n >= cap || memchr(part.at, 0, n) != NULL) {
		*r = rd_failed();
		return;
	}
	memcpy(out, part.at, n);
	out[n] = '\0';
}

struct rd rd_blob(struct rd *r, size_t max)
{
	size_t n = rd_u32(r);

	if (n > max)
		return *r = rd_failed();
	return rd_take(r, n);
}

bool rd_done(const struct rd *r)
{
	return !r->bad && r->left == 0;
}
