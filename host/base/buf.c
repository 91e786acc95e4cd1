/* The capped buffer (contract in base/buf.h). What it held is wiped whenever its memory is given back:
 * frames and messages carry SOCKS passwords. explicit_bzero, not libsodium, so that base links alone. */
#include "base/buf.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small frames fit at once; growth doubles from here. */
#define BUF_FIRST_ROOM 256

struct buf buf_new(size_t cap)
{
	return (struct buf){ .cap = cap };
}

static void buf_release(struct buf *b)
{
	if (b->bytes == NULL)
		return;
	explicit_bzero(b->bytes, b->room);
	free(b->bytes);
}

void buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	buf_release(b);
	*b = buf_new(b->cap);
}

/* Makes room for n more bytes; on failure the buffer is failed and nothing else changes. */
static bool buf_reserve(struct buf *b, size_t n)
{
	if (b->err != OK)
		return false;
	if (n > b->cap - b->len) {
		b->err = ERR_TOO_BIG;
		return false;
	}
	if (n <= b->room - b->len)
		return true;
	size_t room = b->room > 0 ? b->room : b->cap < BUF_FIRST_ROOM ? b->cap : BUF_FIRST_ROOM;
	while (room < b->len + n)
		room = room > b->cap / 2 ? b->cap : room * 2;
	uint8_t *bytes = malloc(room);
	if (bytes == NULL) {
		b->err = ERR_NOMEM;
		return false;
	}
	/* Not realloc: it would leave an unwiped copy behind. */
	if (b->len > 0)
		memcpy(bytes, b->bytes, b->len);
	buf_release(b);
	b->bytes = bytes;
	b->room = room;
	return true;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memcpy(b->bytes + b->len, bytes, n);
	b->len += n;
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void buf_u16(struct buf *b, uint16_t v)
{
	const uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, bytes, sizeof bytes);
}

void buf_u32(struct buf *b, uint32_t v)
{
	const uint8_t bytes[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, bytes, sizeof bytes);
}

void buf_u64(struct buf *b, uint64_t v)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(v >> (56 - 8 * i));
	buf_put(b, bytes, sizeof bytes);
}

void buf_str(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT16_MAX) {
		if (b->err == OK)
			b->err = ERR_TOO_BIG;
		return;
	}
	if (!buf_reserve(b, n + 2))
		return;
	buf_u16(b, (uint16_t)n);
	buf_put(b, s, n);
}

void buf_blob(struct buf *b, const void *bytes, size_t n)
{
	if (n > UINT32_MAX || n > SIZE_MAX - 4) {
		if (b->err == OK)
			b->err = ERR_TOO_BIG;
		return;
	}
	if (!buf_reserve(b, n + 4))
		return;
	buf_u32(b, (uint32_t)n);
	buf_put(b, bytes, n);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char small[512];

	va_start(args, format);
	int n = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (n < 0) {
		if (b->err == OK)
			b->err = ERR_BUG;
		return;
	}
	if ((size_t)n < sizeof small) {
		buf_put(b, small, (size_t)n);
	} else if (buf_reserve(b, (size_t)n)) {
		/* vsnprintf wants a byte for its NUL, which the cap does not count. */
		char *large = malloc((size_t)n + 1);
		if (large == NULL) {
			b->err = ERR_NOMEM;
		} else {
			va_start(args, format);
			vsnprintf(large, (size_t)n + 1, format, args);
			va_end(args);
			buf_put(b, large, (size_t)n);
			explicit_bzero(large, (size_t)n + 1);
			free(large);
		}
	}
	explicit_bzero(small, sizeof small);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (n == 0)
		return;
	memmove(b->bytes, b->bytes + n, b->len - n);
	b->len -= n;
	/* The tail would otherwise keep a copy of what was dropped or moved. */
	explicit_bzero(b->bytes + b->len, n);
}

enum err buf_err(const struct buf *b)
{
	return b->err;
}
