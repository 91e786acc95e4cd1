/* Parts of a file (contract in feature/dlranges.h). */
#include "feature/dlranges.h"
#include "feature/dldigest.h"
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_offset(const void *a, const void *b)
{
	const struct dl_range *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* In order, those that touch joined. */
static void join(struct dl_plan *p)
{
	size_t kept = 0;

	qsort(p->range, p->n, sizeof *p->range, by_offset);
	p->bytes = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct dl_range *last = kept ? &p->range[kept - 1] : NULL;
		const struct dl_range *r = &p->range[i];
		if (last && r->offset <= last->offset + last->length) {
			uint64_t end = r->offset + r->length, was = last->offset + last->length;
			last->length = (end > was ? end : was) - last->offset;
		} else {
			p->range[kept++] = *r;
		}
	}
	p->n = kept;
	for (size_t i = 0; i < kept; i++)
		p->bytes += p->range[i].length;
}

static bool put(struct dl_plan *p, uint64_t size, uint64_t offset, uint64_t length)
{
	if (p->n >= DL_RANGES_MAX || length == 0 || offset >= size)
		return false;
	p->range[p->n++] = (struct dl_range){ offset, length < size - offset ? length : size - offset };
	return true;
}

bool dl_plan_given(struct dl_plan *p, uint64_t size, const struct dl_range *given, size_t n)
{
	p->n = 0;
	for (size_t i = 0; i < n; i++)
		if (given[i].length > size || given[i].offset > size - given[i].length || !put(p, size, given[i].offset, given[i].length))
			return false;
	join(p);
	return p->n > 0;
}

size_t dl_plan_random(struct dl_plan *p, uint64_t size, const struct dl_range *given, size_t n, uint64_t budget)
{
	uint64_t blocks = size / DL_BLOCK + (size % DL_BLOCK != 0);
	size_t drawn = 0;

	p->n = 0;
	if (size == 0 || blocks > DL_BLOCKS_MAX)
		return 0;
	(void)put(p, size, 0, DL_BLOCK);
	(void)put(p, size, (blocks - 1) * DL_BLOCK, DL_BLOCK);
	for (size_t i = 0; i < n && given[i].length <= budget / 4; i++)
		(void)put(p, size, given[i].offset, given[i].length);
	join(p);
	uint8_t *was = calloc(1, (size_t)(blocks / 8 + 1));
	if (was == NULL)
		return 0;
	uint64_t bytes = p->bytes;
	/* Of all blocks, also of those that are looked at anyway: then the arithmetic of dl_missed holds. */
	while (drawn < blocks && p->n < DL_RANGES_MAX && bytes + DL_BLOCK <= budget) {
		uint32_t b = randombytes_uniform((uint32_t)blocks);
		if (was[b / 8] & (1u << (b % 8)))
			continue;
		was[b / 8] |= (uint8_t)(1u << (b % 8));
		(void)put(p, size, (uint64_t)b * DL_BLOCK, DL_BLOCK);
		bytes += DL_BLOCK;
		drawn++;
	}
	free(was);
	join(p);
	return drawn;
}

/* changed of all blocks differ; drawn were looked at. */
static double missed(double blocks, double drawn, double changed)
{
	double log_sum = 0;

	if (changed > blocks - drawn)
		return 0;
	for (uint64_t i = 0; i < (uint64_t)changed; i++)
		log_sum += log1p(-drawn / (blocks - (double)i));
	return exp(log_sum);
}

void dl_missed(uint64_t size, size_t drawn, double *block, double *kib64, double *percent)
{
	uint64_t n = size / DL_BLOCK + (size % DL_BLOCK != 0);
	double blocks = (double)n, many = ceil(blocks / 100), run = 65536.0 / DL_BLOCK;

	*block = missed(blocks, (double)drawn, 1);
	*kib64 = missed(blocks, (double)drawn, run < blocks ? run : blocks);
	*percent = missed(blocks, (double)drawn, many);
}

/* ---- multipart/byteranges ---- */

enum { PARTS_BOUNDARY, PARTS_LINES, PARTS_BYTES, PARTS_BEHIND, PARTS_OVER };

void dl_parts_begin(struct dl_parts *p, const char *boundary, const struct dl_range *want, size_t n, uint64_t total)
{
	*p = (struct dl_parts){ .want = want, .n = n, .total = total };
	memcpy(p->boundary, boundary, strnlen(boundary, sizeof p->boundary - 1));
}

/* A line without its end. */
static enum err line(struct dl_parts *p)
{
	size_t boundary = strlen(p->boundary);
	uint64_t from, to, total;
	const char *s = p->line;

	switch (p->state) {
	case PARTS_BEHIND:
		p->state = PARTS_BOUNDARY;
		return p->len == 0 ? OK : ERR_DL_RANGES;
	case PARTS_BOUNDARY:
		if (p->len < boundary + 2 || memcmp(s, "--", 2) != 0 || memcmp(s + 2, p->boundary, boundary) != 0)
			return p->next == 0 && p->len == 0 ? OK : ERR_DL_RANGES;   /* an empty line in front of the first is common */
		s += 2 + boundary;
		if (strncmp(s, "--", 2) == 0) {
			p->state = PARTS_OVER;
			return p->next == p->n ? OK : ERR_DL_RANGES;
		}
		p->state = PARTS_LINES;
		p->has_range = false;
		return p->next < p->n && strspn(s, " \t") == strlen(s) ? OK : ERR_DL_RANGES;
	case PARTS_LINES:
		if (p->len == 0) {
			p->state = PARTS_BYTES;
			return p->has_range ? OK : ERR_DL_RANGES;
		}
		if (strncasecmp(s, "Content-Range:", 14) != 0)
			return OK;
		s += 14;
		s += strspn(s, " \t");
		if (p->has_range || !dl_content_range_read(s, &from, &to, &total) || total != p->total ||
		    from != p->want[p->next].offset || to - from + 1 != p->want[p->next].length)
			return ERR_DL_RANGES;
		p->has_range = true;
		p->at = from;
		p->left = to - from + 1;
		return OK;
	default:
		return OK;   /* behind the end there may be anything */
	}
}

static enum err line_byte(struct dl_parts *p, uint8_t c)
{
	if (c != '\n') {
		if (p->state == PARTS_OVER)
			return OK;
		if (c == '\0' || p->len >= sizeof p->line - 1)
			return ERR_DL_RANGES;
		p->line[p->len++] = (char)c;
		return OK;
	}
	bool is_crlf = p->len > 0 && p->line[p->len - 1] == '\r';
	p->len -= is_crlf;
	p->has_crlf |= is_crlf;
	p->has_lf |= !is_crlf;
	if (p->state != PARTS_OVER && p->has_crlf && p->has_lf)
		return ERR_DL_RANGES;
	p->line[p->len] = '\0';
	enum err err = line(p);
	p->len = 0;
	return err;
}

enum err dl_parts_take(struct dl_parts *p, const uint8_t *bytes, size_t n,
                       void (*part)(void *arg, uint64_t offset, const uint8_t *bytes, size_t n), void *arg)
{
	while (n > 0) {
		if (p->state != PARTS_BYTES) {
			enum err err = line_byte(p, *bytes);
			if (err != OK)
				return err;
			bytes++;
			n--;
			continue;
		}
		size_t now = p->left < n ? (size_t)p->left : n;
		part(arg, p->at, bytes, now);
		p->at += now;
		p->left -= now;
		bytes += now;
		n -= now;
		if (p->left == 0) {
			p->next++;
			p->state = PARTS_BEHIND;
		}
	}
	return OK;
}

bool dl_parts_are_whole(const struct dl_parts *p)
{
	/* The last line may lack its end. */
	size_t boundary = strlen(p->boundary);
	bool is_last = p->state == PARTS_BOUNDARY && p->len == boundary + 4 && memcmp(p->line, "--", 2) == 0 &&
	               memcmp(p->line + 2, p->boundary, boundary) == 0 && memcmp(p->line + 2 + boundary, "--", 2) == 0;

	return p->next == p->n && (p->state == PARTS_OVER || is_last);
}
