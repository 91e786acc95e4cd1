/* Which of 64 bytes are letters and digits, as bit masks: the scanner's fast skip. SSE2 where there is one; the same by a loop elsewhere.
 * For scan*.c alone. */
#ifndef PARSE_ADDR_SCAN_MASK_H
#define PARSE_ADDR_SCAN_MASK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bit i is about byte i. word: a letter or digit of ASCII, or a byte above ASCII. dash: "-". */
struct mask { uint64_t word, digit, upper, high, dash; };

#if defined(__SSE2__) && !defined(SECONDEXIT_NO_SIMD)
#include <emmintrin.h>

/* A byte x lies in low .. low+n-1 when x - low, shifted to the lower end of the signed numbers, is below n there. */
static inline uint64_t mask_in(__m128i bytes, char low, char n)
{
	__m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(-128 - low)));
	return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(moved, _mm_set1_epi8((char)(n - 128))));
}

static inline struct mask mask_of(const uint8_t p[64])
{
	struct mask m = { 0, 0, 0, 0, 0 };
	for (unsigned i = 0; i < 4; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + i * 16));
		unsigned shift = i * 16;
		m.digit |= mask_in(bytes, '0', 10) << shift;
		m.upper |= mask_in(bytes, 'A', 26) << shift;
		m.word |= mask_in(_mm_or_si128(bytes, _mm_set1_epi8(32)), 'a', 26) << shift;
		m.high |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << shift;
		m.dash |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'))) << shift;
	}
	m.word |= m.digit | m.high;
	return m;
}

/* How many of sixteen bytes, from the first on, are letters and digits of ASCII. */
static inline size_t mask_skip16(const uint8_t *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	uint64_t word = mask_in(bytes, '0', 10) | mask_in(_mm_or_si128(bytes, _mm_set1_epi8(32)), 'a', 26);
	return (size_t)__builtin_ctzll(~word);
}
#else
static inline struct mask mask_of(const uint8_t p[64])
{
	struct mask m = { 0, 0, 0, 0, 0 };
	for (unsigned i = 0; i < 64; i++) {
		uint8_t c = p[i];
		uint64_t digit = (uint8_t)(c - '0') < 10, upper = (uint8_t)(c - 'A') < 26, lower = (uint8_t)(c - 'a') < 26, high = c >> 7;
		m.digit |= digit << i;
		m.upper |= upper << i;
		m.high |= high << i;
		m.dash |= (uint64_t)(c == '-') << i;
		m.word |= (digit | upper | lower | high) << i;
	}
	return m;
}
#endif

static inline int mask_is_alnum(uint8_t c)
{
	return (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

/* How many letters and digits of ASCII p begins with, n at most. */
static inline size_t mask_skip(const uint8_t *p, size_t n)
{
	size_t i = 0;
#if defined(__SSE2__) && !defined(SECONDEXIT_NO_SIMD)
	while (n - i >= 16) {
		size_t here = mask_skip16(p + i);
		i += here;
		if (here < 16)
			return i;
	}
#endif
	while (i < n && mask_is_alnum(p[i]))
		i++;
	return i;
}

/* Copies what mask_skip would skip. All n bytes of out may be written. */
static inline size_t mask_copy(char *out, const uint8_t *p, size_t n)
{
	size_t i = 0;
#if defined(__SSE2__) && !defined(SECONDEXIT_NO_SIMD)
	while (n - i >= 16) {
		size_t here = mask_skip16(p + i);
		memcpy(out + i, p + i, 16);
		i += here;
		if (here < 16)
			return i;
	}
#endif
	while (i < n && mask_is_alnum(p[i])) {
		out[i] = (char)p[i];
		i++;
	}
	return i;
}

#endif
