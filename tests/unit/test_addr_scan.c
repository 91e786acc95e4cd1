// The search for addresses in text: where they begin and end, what may hide in them, what must not be found.
// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "parse/addr/addr.h"
#include "parse/addr/normal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BTC "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
#define SEGWIT "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
#define CASH "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
#define XPUB "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
#define COSMOS "cosmos1vqpjljwsynsn58dugz0w8ut7kun7t8ls2qkmsq"
#define NANO "nano_3t6k35gi95xu6tergt6p69ck76ogmitsa8mnijtpxm9fkcm736xtoncuohr3"

static const char *const addresses[] = { BTC, SEGWIT, CASH, XPUB, COSMOS };
#define ADDRESSES (sizeof addresses / sizeof *addresses)

static struct addr_hits hits;

/* Bytes put one behind the other. */
struct text { size_t n; char bytes[4096]; };

static void add(struct text *t, const char *s, size_t n)
{
	assert_true(t->n + n <= sizeof t->bytes);
	memcpy(t->bytes + t->n, s, n);
	t->n += n;
}

static void adds(struct text *t, const char *s)
{
	add(t, s, strlen(s));
}

/* In memory of exactly that size, so that AddressSanitizer sees a read beyond it. */
static void scan(const void *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, n);
	memset(&hits.hit[0], 0x5a, sizeof hits.hit[0]);
	addr_scan(copy, n, &hits);
	free(copy);
}

static bool one(const struct text *t, size_t offset, size_t length, const char *address, bool normalised)
{
	scan(t->bytes, t->n);
	return hits.n == 1 && !hits.more && hits.hit[0].offset == offset && hits.hit[0].length == length &&
	       strcmp(hits.hit[0].text, address) == 0 && hits.hit[0].normalised == normalised;
}

static void expect(const struct text *t, size_t offset, size_t length, const char *address, bool normalised, const char *what)
{
	if (!one(t, offset, length, address, normalised))
		fail_msg("%s: \"%.*s\": %zu hits, the first at %zu+%zu, %s", what, (int)t->n, t->bytes, hits.n, hits.n ? hits.hit[0].offset : 0,
		         hits.n ? hits.hit[0].length : 0, hits.n ? hits.hit[0].text : "");
}

static void expect_none(const struct text *t, const char *what)
{
	scan(t->bytes, t->n);
	if (hits.n != 0)
		fail_msg("%s: \"%.*s\": found %s %s", what, (int)t->n, t->bytes, hits.hit[0].row->coin, hits.hit[0].text);
}

/* No address with a checksum worth the name: parts of a long one may be a Solana account by chance. */
static void expect_none_sure(const struct text *t, const char *what)
{
	scan(t->bytes, t->n);
	for (size_t i = 0; i < hits.n; i++)
		if (hits.hit[i].row->checksum_bits >= 24)
			fail_msg("%s: \"%.*s\": found %s %s", what, (int)t->n, t->bytes, hits.hit[i].row->coin, hits.hit[i].text);
}

static void surroundings(void **state)
{
	(void)state;
	static const char *const before[] = {
		"", " ", "\n", "\t", "\r\n", "bitcoin:", "BITCOIN:", "address: ", "address=", "(", "[", "{\"a\":\"", "'", "\"", "`", "**", "_", "<", ">",
		",", ";", "/", "https://a.example/address/", "?a=", "&", "|", "#", "@", "-", "\xe2\x80\x94", "\xc2\xab", "\xe2\x80\x9c", "\xe2\x80\x98",
		"\xef\xbc\x9a", "\xef\xbc\x88", "\xe3\x80\x8c", "\xe3\x80\x82", "\xe5\x9c\xb0\xe5\x9d\x80", "\xe3\x82\xa2\xe3\x83\x89\xe3\x83\xac\xe3\x82\xb9",
		"\xec\xa3\xbc\xec\x86\x8c", "\xd8\xb9\xd9\x86\xd9\x88\xd8\xa7\xd9\x86", "\xe0\xb8\x97\xe0\xb8\xb5\xe0\xb9\x88", "\xf0\x9f\x92\xb0",
		"\xd0\xb0\xd0\xb4\xd1\x80\xd0\xb5\xd1\x81 ", "\xe2\x82\xbf", "\xc2\xa0", "\xe3\x80\x80", "\xff", "\xc3", "\xe2\x80", "\x80", "word ",
		"a b c ", "1 2 3 ", "longer words before it ", "(BTC) ", "=", "\xc2\xb9", "\xef\xbb\xbf", "\xe2\x80\x8b",
	};
	static const char *const behind[] = {
		"", " ", "\n", "?amount=0.1", "&x", ")", "]", "}", "\"", "'", "`", "**", "_", ".", ",", ";", ":", "!", "?", "<", "/", "#", "-", ".html", "...",
		"\xe2\x80\x94", "\xc2\xbb", "\xe2\x80\x9d", "\xef\xbc\x8c", "\xe3\x80\x82", "\xef\xbc\x89", "\xe3\x80\x8d", "\xe3\x81\xb8", "\xe7\x9a\x84",
		"\xeb\xa1\x9c", "\xd8\x8c", "\xf0\x9f\x98\x80", "\xff", "\xe2\x80", " word", " a b", " 1 2", " and more words behind it", "\xc2\xb2", "\xe2\x80\x8b",
		"\xc2\xad",
	};
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t b = 0; b < sizeof before / sizeof *before; b++)
			for (size_t e = 0; e < sizeof behind / sizeof *behind; e++) {
				struct text t = { 0 };
				adds(&t, before[b]);
				size_t at = t.n;
				adds(&t, addresses[a]);
				adds(&t, behind[e]);
				expect(&t, at, strlen(addresses[a]), addresses[a], false, "surroundings");
			}
}

/* Never cut out of a longer word: what touches it is a letter or a digit, of any script whose words are one with it. */
static void longer_words(void **state)
{
	(void)state;
	static const char *const letters[] = {
		"a", "Z", "0", "9", "1", "l", "O", "abc", "\xc3\xa9", "\xc3\x9f", "\xc5\x82", "\xce\xb1", "\xce\xa9", "\xd0\xb6", "\xd0\xb0", "\xd5\xa1",
		"\xe1\x83\x90", "\xef\xbd\x81", "\xef\xbc\x91", "\xf0\x9d\x90\x80", "\xf0\x9d\x9f\x8f", "\xe2\x93\x90", "\xe2\x91\xa0", "\xe1\xba\xa1",
		"e\xcc\x81", "a\xe2\x80\x8b", "a\xc2\xad", "x\xe2\x80\x8d", "\xe2\x82\x93", "\xef\xac\x80",
	};
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
			struct text t = { 0 };
			adds(&t, letters[i]);
			adds(&t, addresses[a]);
			expect_none(&t, "a letter before");
			t.n = 0;
			adds(&t, addresses[a]);
			adds(&t, letters[i]);
			expect_none(&t, "a letter behind");
			t.n = 0;
			adds(&t, "say ");
			adds(&t, letters[i]);
			adds(&t, addresses[a]);
			adds(&t, letters[i]);
			adds(&t, " so");
			expect_none(&t, "letters around");
		}
	for (size_t a = 0; a < ADDRESSES; a++) {
		struct text t = { 0 };
		for (size_t n = 0; n < 3; n++)
			adds(&t, addresses[a]);
		expect_none(&t, "three without a space");
	}
}

/* What the eye doesn't see, in every place. */
static void hidden(void **state)
{
	(void)state;
	static const char *const marks[] = {
		"\xc2\xad", "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
		"\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa0", "\xe2\x81\xa1", "\xe2\x81\xa4", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
		"\xef\xbb\xbf", "\xcc\x81", "\xcd\x8f", "\xcd\xaf", "\xd8\x9c", "\xe1\xa0\x8e", "\xe1\xa0\x8b", "\xef\xb8\x80", "\xef\xb8\x8f", "\xf3\xa0\x84\x80",
		"\xf3\xa0\x81\x81", "\xf3\xa0\x81\xbf", "\xe2\x83\x90", "\xef\xb8\xa0", "\xe1\xb7\x80", "\xe3\x85\xa4", "\xef\xbe\xa0", "\xc2\x80",
		"\xe2\x80\x8b\xe2\x80\x8b", "\xe2\x81\xa0\xcc\x81\xc2\xad",
	};
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
			for (size_t at = 1; at < strlen(addresses[a]); at++) {
				struct text t = { 0 };
				adds(&t, "to ");
				add(&t, addresses[a], at);
				adds(&t, marks[i]);
				adds(&t, addresses[a] + at);
				adds(&t, ", now");
				expect(&t, 3, strlen(addresses[a]) + strlen(marks[i]), addresses[a], true, "hidden");
			}
	/* One after each letter. */
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
			struct text t = { 0 };
			for (size_t at = 0; addresses[a][at]; at++) {
				add(&t, addresses[a] + at, 1);
				if (addresses[a][at + 1])
					adds(&t, marks[i]);
			}
			expect(&t, 0, t.n, addresses[a], true, "hidden everywhere");
		}
}

/* In the prefix as well. */
static void hidden_in_prefix(void **state)
{
	(void)state;
	struct text t = { 0 };
	adds(&t, NANO);
	expect(&t, 0, strlen(NANO), NANO, false, "nano");
	for (size_t at = 1; at < strlen(NANO); at++) {
		t.n = 0;
		adds(&t, "x ");
		add(&t, NANO, at);
		adds(&t, "\xe2\x80\x8b");
		adds(&t, NANO + at);
		expect(&t, 2, strlen(NANO) + 3, NANO, true, "nano, hidden");
	}
	t.n = 0;
	adds(&t, "x" NANO);
	expect_none(&t, "nano in a longer word");
	t.n = 0;
	adds(&t, "see bitcoincash:" CASH ".");
	expect(&t, 4, 12 + strlen(CASH), "bitcoincash:" CASH, false, "cash");
	t.n = 0;
	adds(&t, "see BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A.");
	expect(&t, 4, 12 + strlen(CASH), "bitcoincash:" CASH, false, "cash in capitals");
}

/* One break, anywhere. */
static void broken_once(void **state)
{
	(void)state;
	static const char *const breaks[] = {
		" ", "\n", "\r\n", "\t", "  ", "\n    ", "\r\n\t\t", "\n\n", "-\n", "-\r\n  ", "\xc2\xa0", "\xe2\x80\x89", "\xe3\x80\x80", "\xe2\x80\xa8",
		"\xe2\x80\x8b \xe2\x80\x8b", " \n ", "\xc2\xad\n", "\xe2\x80\x90\n", "\x01", "\n                                ",
	};
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
			for (size_t at = 1; at < strlen(addresses[a]); at++) {
				struct text t = { 0 };
				adds(&t, "Send it to: ");
				size_t from = t.n;
				add(&t, addresses[a], at);
				adds(&t, breaks[i]);
				adds(&t, addresses[a] + at);
				adds(&t, " today, please");
				expect(&t, from, strlen(addresses[a]) + strlen(breaks[i]), addresses[a], true, "broken once");
			}
}

static void broken_twice(void **state)
{
	(void)state;
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 1; i + 1 < strlen(addresses[a]); i++)
			for (size_t k = i + 1; k < strlen(addresses[a]); k++) {
				struct text t = { 0 };
				adds(&t, "pay ");
				add(&t, addresses[a], i);
				adds(&t, "\n");
				add(&t, addresses[a] + i, k - i);
				adds(&t, " ");
				adds(&t, addresses[a] + k);
				expect(&t, 4, strlen(addresses[a]) + 2, addresses[a], true, "broken twice");
			}
}

/* Groups of equal size, a shorter one at the end, words before and behind that happen to have that size. */
static void groups(void **state)
{
	(void)state;
	static const char *const words[] = { "", "x. ", "now: ", "Send ", "it to ", "please send " };
	static const char *const ends[] = { "", ".", ", ok", " now", " then more of it" };
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t size = 1; size < 40; size++)
			for (size_t w = 0; w < sizeof words / sizeof *words; w++)
				for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
					struct text t = { 0 };
					size_t n = strlen(addresses[a]), breaks = (n - 1) / size;
					/* A spaced word may not touch other spaced words. */
					if (size < 4 && ((words[w][0] && !strpbrk(words[w], ".:")) || ends[e][0] == ' '))
						continue;
					adds(&t, words[w]);
					size_t from = t.n;
					for (size_t i = 0; i < n; i += size) {
						add(&t, addresses[a] + i, n - i < size ? n - i : size);
						if (i + size < n)
							adds(&t, " ");
					}
					adds(&t, ends[e]);
					expect(&t, from, n + breaks, addresses[a], breaks > 0, "groups");
				}
}

struct twin { const char *twin; char c; };
static const struct twin twins[] = {
	{ "\xd0\x90", 'A' }, { "\xd0\x92", 'B' }, { "\xd0\x95", 'E' }, { "\xd0\x9a", 'K' }, { "\xd0\x9c", 'M' }, { "\xd0\x9d", 'H' }, { "\xd0\xa0", 'P' },
	{ "\xd0\xa1", 'C' }, { "\xd0\xa2", 'T' }, { "\xd0\xa5", 'X' }, { "\xd0\x85", 'S' }, { "\xd0\x88", 'J' }, { "\xd0\xb0", 'a' }, { "\xd0\xb5", 'e' },
	{ "\xd0\xbe", 'o' }, { "\xd1\x80", 'p' }, { "\xd1\x81", 'c' }, { "\xd1\x83", 'y' }, { "\xd1\x85", 'x' }, { "\xd1\x95", 's' }, { "\xd1\x96", 'i' },
	{ "\xd1\x98", 'j' }, { "\xd2\xbb", 'h' }, { "\xd0\x97", '3' }, { "\xd0\xb7", '3' }, { "\xd0\xb1", '6' }, { "\xd4\x81", 'd' }, { "\xd4\x9b", 'q' },
	{ "\xd4\x9d", 'w' }, { "\xd3\x8f", 'l' }, { "\xce\x91", 'A' }, { "\xce\x92", 'B' }, { "\xce\x95", 'E' }, { "\xce\x96", 'Z' }, { "\xce\x97", 'H' },
	{ "\xce\x9a", 'K' }, { "\xce\x9c", 'M' }, { "\xce\x9d", 'N' }, { "\xce\xa1", 'P' }, { "\xce\xa4", 'T' }, { "\xce\xa5", 'Y' }, { "\xce\xa7", 'X' },
	{ "\xce\xb1", 'a' }, { "\xce\xbd", 'v' }, { "\xce\xbf", 'o' }, { "\xcf\x81", 'p' }, { "\xcf\x85", 'u' }, { "\xcf\x87", 'x' }, { "\xcf\xb2", 'c' },
	{ "\xd5\xbd", 'u' }, { "\xd5\xb8", 'n' }, { "\xc9\xa1", 'g' }, { "\xe1\x8e\xaa", 'A' }, { "\xe1\x8f\x9e", 'L' }, { "\xea\x93\x90", 'B' },
	{ "\xe2\x84\xaa", 'K' }, { "\xe2\x84\x8e", 'h' }, { "\xe2\x85\xbf", 'm' }, { "\xe1\xb4\x84", 'c' }, { "\xe2\x82\x99", 'n' },
};

/* A row of letters that follow each other: where A, a and 0 are; 0 for none. */
static size_t put_utf8(uint32_t c, char *out)
{
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void look_alikes(void **state)
{
	(void)state;
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
			for (size_t at = 0; addresses[a][at]; at++) {
				if (addresses[a][at] != twins[i].c)
					continue;
				struct text t = { 0 };
				adds(&t, "to ");
				add(&t, addresses[a], at);
				adds(&t, twins[i].twin);
				adds(&t, addresses[a] + at + 1);
				adds(&t, "!");
				expect(&t, 3, t.n - 4, addresses[a], true, "look-alike");
			}
}

static void whole_alphabets(void **state)
{
	(void)state;
	static const struct { uint32_t upper, lower, zero, one; const char *name; } rows[] = {
		{ 0xff21, 0xff41, 0xff10, 0xff11, "full width" }, { 0x1d400, 0x1d41a, 0x1d7ce, 0x1d7cf, "bold" },
		{ 0x1d468, 0x1d482, 0x1d7d8, 0x1d7d9, "bold italic, double-struck digits" }, { 0x1d5a0, 0x1d5ba, 0x1d7e2, 0x1d7e3, "sans-serif" },
		{ 0x1d670, 0x1d68a, 0x1d7f6, 0x1d7f7, "monospace" }, { 0x24b6, 0x24d0, 0x24ea, 0x2460, "circled" }, { 0, 0x249c, 0, 0x2474, "in parentheses" },
		{ 0x1f150, 0, 0x24ff, 0x2776, "negative circled" }, { 0x1f170, 0, 0, 0x278a, "negative squared" }, { 0x1f130, 0, 0, 0x2780, "squared" },
	};
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
			for (size_t only = 0; only <= strlen(addresses[a]); only++) {
				/* All letters, or one alone. */
				struct text t = { 0 };
				bool changed = false;
				for (size_t i = 0; addresses[a][i]; i++) {
					char c = addresses[a][i], out[4];
					uint32_t to = 0;
					if (only == 0 || i == only - 1) {
						if (c >= 'A' && c <= 'Z' && rows[r].upper)
							to = rows[r].upper + (uint32_t)(c - 'A');
						else if (c >= 'a' && c <= 'z' && rows[r].lower)
							to = rows[r].lower + (uint32_t)(c - 'a');
						else if (c == '0' && rows[r].zero)
							to = rows[r].zero;
						else if (c >= '1' && c <= '9')
							to = rows[r].one + (uint32_t)(c - '1');
					}
					if (to)
						add(&t, out, put_utf8(to, out));
					else
						add(&t, &c, 1);
					changed |= to != 0;
				}
				expect(&t, 0, t.n, addresses[a], changed, rows[r].name);
			}
}

static void changed_letters(void **state)
{
	(void)state;
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t at = 0; addresses[a][at]; at++)
			for (const char *c = letters; *c; c++) {
				struct text t = { 0 };
				adds(&t, addresses[a]);
				if (t.bytes[at] == *c)
					continue;
				t.bytes[at] = *c;
				expect_none(&t, "one letter changed");
			}
}

static void truncated(void **state)
{
	(void)state;
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t n = 0; n < strlen(addresses[a]); n++) {
			struct text t = { 0 };
			add(&t, addresses[a], n);
			expect_none_sure(&t, "cut at the end");
			t.n = 0;
			adds(&t, addresses[a] + n + 1);
			expect_none_sure(&t, "cut at the beginning");
		}
}

/* A foreign byte inside ends it; foreign bytes around do not matter. */
static void foreign_bytes(void **state)
{
	(void)state;
	static const char *const inside[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80", "\xc3", "!", ",", "\xe4\xb8\xad", "l", "0\xcc\x81" };
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
			for (size_t at = 1; at < strlen(addresses[a]); at++) {
				struct text t = { 0 };
				add(&t, addresses[a], at);
				adds(&t, inside[i]);
				adds(&t, addresses[a] + at);
				expect_none_sure(&t, "a foreign byte inside");
			}
	for (size_t a = 0; a < ADDRESSES; a++)
		for (unsigned byte = 0; byte < 256; byte++) {
			bool word = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
			if (word)
				continue;
			struct text t = { 0 };
			char c = (char)byte;
			add(&t, &c, 1);
			adds(&t, addresses[a]);
			add(&t, &c, 1);
			expect(&t, 1, strlen(addresses[a]), addresses[a], false, "bytes around");
		}
}

/* Wherever it stands in text without a trace of an address, and however it is broken there. */
static void every_place(void **state)
{
	(void)state;
	static const char *const fill[] = { "                 ", "word words and others, ", ".\n", "a", "the number 1984 and TCP or UDP " };
	static const char *const forms[] = {
		BTC, "1A1zP1eP5QGefi2\nDMPTfTL5SLmv7DivfNa", "1A1z P1eP 5QGe fi2D MPTf TL5S Lmv7 Divf Na", "1A1zP1eP5 QGefi2DMPTfTL5S Lmv7DivfNa",
		"1\nA1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	};
	for (size_t f = 0; f < sizeof fill / sizeof *fill; f++)
		for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
			for (size_t before = 0; before < 300; before++) {
				struct text t = { 0 };
				size_t n = strlen(fill[f]);
				for (size_t i = 0; i < before; i++)
					add(&t, fill[f] + (i + n - before % n) % n, 1);
				adds(&t, ". ");
				size_t from = t.n;
				adds(&t, forms[k]);
				adds(&t, ". ");
				for (size_t i = 0; i < 200; i++)
					add(&t, fill[f] + i % n, 1);
				expect(&t, from, strlen(forms[k]), BTC, k > 0, "every place");
			}
}

/* A longer word that begins in text without a trace of an address; groups before words that happen to have their size. */
static void edges(void **state)
{
	(void)state;
	for (size_t before = 0; before < 300; before++) {
		struct text t = { 0 };
		for (size_t i = 0; i < before; i++)
			adds(&t, " ");
		adds(&t, "walllword" BTC);
		expect_none(&t, "a longer word after nothing");
	}
	struct text t = { 0 };
	adds(&t, "thanks: bc1qw50 8d6qejx tdg4y5r 3zarvar y0c5xw7 kv8f3t4 kindest regards");
	expect(&t, 8, 47, SEGWIT, true, "groups before a word of their size");
}

static void many(void **state)
{
	(void)state;
	for (size_t count = ADDR_HITS_MAX - 1; count <= ADDR_HITS_MAX + 40; count += count == ADDR_HITS_MAX + 1 ? 39 : 1) {
		char *all = malloc(count * 40 + 1);
		size_t n = 0;
		for (size_t i = 0; i < count; i++)
			n += (size_t)sprintf(all + n, "%s\n", i % 2 ? BTC : SEGWIT);
		scan(all, n);
		assert_int_equal(hits.n, count < ADDR_HITS_MAX ? count : ADDR_HITS_MAX);
		assert_int_equal(hits.more, count > ADDR_HITS_MAX);
		for (size_t i = 0, at = 0; i < hits.n; i++) {
			assert_string_equal(hits.hit[i].text, i % 2 ? BTC : SEGWIT);
			assert_int_equal(hits.hit[i].offset, at);
			at += hits.hit[i].length + 1;
		}
		free(all);
	}
	scan("", 0);
	assert_int_equal(hits.n, 0);
}

/* Broken ones one after another: each is found, none is made of the parts of two. */
static void neighbours(void **state)
{
	(void)state;
	struct text t = { 0 };
	adds(&t, "1A1zP1eP5QGefi2\nDMPTfTL5SLmv7DivfNa\nbc1qw508d6qejxtdg4y5\nr3zarvary0c5xw7kv8f3t4\n" BTC " " BTC "\n");
	scan(t.bytes, t.n);
	assert_int_equal(hits.n, 4);
	assert_string_equal(hits.hit[0].text, BTC);
	assert_string_equal(hits.hit[1].text, SEGWIT);
	assert_int_equal(hits.hit[1].offset, 36);
	for (size_t i = 1; i < hits.n; i++)
		assert_true(hits.hit[i].offset >= hits.hit[i - 1].offset + hits.hit[i - 1].length);
}

/* Specifications' own strings that look like addresses and are none. */
static void not_addresses(void **state)
{
	(void)state;
	static const char *const table[] = {
		"A12UEL5L", "a12uel5l", "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
		"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8f3t4",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
		"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", "bc1gmk9yu",
		"0x0123456789abcdef", "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss",
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct text t = { 0 };
		adds(&t, table[i]);
		expect_none(&t, "not an address");
	}
}

/* What is looked over 64 bytes at a time must not depend on where those begin: groups far apart, few of them in any block; groups with
 * dashes and hardly a digit; each at every place. */
static void every_block(void **state)
{
	(void)state;
	static const struct { const char *address; size_t group, gap; } apart[] = {
		{ "tz3WPsNRpCEntJFHDH5gF1fU5c7u7CKuNUMK", 8, 61 }, { "tz3WPsNRpCEntJFHDH5gF1fU5c7u7CKuNUMK", 8, 40 }, { BTC, 8, 61 }, { BTC, 17, 61 }, { BTC, 12, 50 },
	};
	static const char *const dashed[] = { "TS-4735-ECRL-47SS-AEQLH" };
	for (size_t at = 0; at < 128; at++) {
		for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
			struct text t = { 0 };
			for (size_t k = 0; k < at; k++)
				add(&t, k % 9 == 8 ? " " : "t", 1);
			adds(&t, ", ");
			size_t from = t.n, n = strlen(apart[i].address);
			for (size_t k = 0; k < n; k++) {
				add(&t, apart[i].address + k, 1);
				if (k + 1 < n && (k + 1) % apart[i].group == 0) {
					adds(&t, "\n");
					for (size_t g = 1; g < apart[i].gap; g++)
						adds(&t, " ");
				}
			}
			size_t length = t.n - from;
			adds(&t, ", and so on and so forth, until the very end of the tale");
			expect(&t, from, length, apart[i].address, true, "groups far apart");
		}
		for (size_t i = 0; i < sizeof dashed / sizeof *dashed; i++) {
			struct text t = { 0 };
			for (size_t k = 0; k < at; k++)
				add(&t, k % 9 == 8 ? " " : "t", 1);
			adds(&t, " signum:");
			size_t from = t.n;
			adds(&t, dashed[i]);
			adds(&t, "?amount=0 and so on and so forth, until the very end of the tale");
			expect(&t, from, strlen(dashed[i]), dashed[i], false, "dashed groups");
		}
	}
}

/* Punctuation that is the address's own first or last character, or part of its prefix: in full width, or beside something hidden. */
static void marks_at_the_ends(void **state)
{
	(void)state;
	static const struct { const char *before, *text, *after, *address; } table[] = {
		{ "toncoin ", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx\xef\xbc\xbf-", "", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx_-" },
		{ "toncoin ", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx_\xef\xbc\x8d", " .", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx_-" },
		{ "toncoin ", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx\xe2\x81\xa6_\xe2\x80\x8b-", " .", "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx_-" },
		{ "arweave ", "\xef\xbc\x8d" "cfoK_qqcdNtnCPDdA0G7HiVE5C9-eXHeY53GHQoPFA", "", "-cfoK_qqcdNtnCPDdA0G7HiVE5C9-eXHeY53GHQoPFA" },
		{ "arweave ", "-\xe2\x80\x8b" "cfoK_qqcdNtnCPDdA0G7HiVE5C9-eXHeY53GHQoPFA", "", "-cfoK_qqcdNtnCPDdA0G7HiVE5C9-eXHeY53GHQoPFA" },
		{ "radix ", "\xef\xbd\x96" "alidator_tdx\xef\xbc\xbf" "2_\xef\xbc\x91x497u6r5pnp4vrzkdd64huy2p6h7t3dg3wg664aj5ek6l98uajzuzx", "",
		  "validator_tdx_2_1x497u6r5pnp4vrzkdd64huy2p6h7t3dg3wg664aj5ek6l98uajzuzx" },
		{ "radix ", "\xef\xbd\x96\xef\xbd\x81\xef\xbd\x8c\xef\xbd\x89\xef\xbd\x84\xef\xbd\x81\xef\xbd\x94\xef\xbd\x8f\xef\xbd\x92_\xef\xbd\x94\xef\xbd\x84\xef\xbd\x98_2_"
		  "1x497u6r5pnp4vrzkdd64huy2p6h7t3dg3wg664aj5ek6l98uajzuzx", "", "validator_tdx_2_1x497u6r5pnp4vrzkdd64huy2p6h7t3dg3wg664aj5ek6l98uajzuzx" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct text t = { 0 };
		adds(&t, table[i].before);
		adds(&t, table[i].text);
		adds(&t, table[i].after);
		expect(&t, strlen(table[i].before), strlen(table[i].text), table[i].address, true, "marks");
	}
	/* More of them than any address has: bytes before and behind that never end. */
	struct text t = { 0 };
	for (int i = 0; i < 300; i++)
		adds(&t, "\xe2\x80\x8b");
	adds(&t, "kf_HqdAN9ZNKe8IU4EoyouFESaUzHHuZlDwjc9KATNqmnx");
	for (int i = 0; i < 300; i++)
		adds(&t, "\x80_");
	expect_none(&t, "marks without end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(surroundings), cmocka_unit_test(longer_words), cmocka_unit_test(hidden), cmocka_unit_test(hidden_in_prefix),
		cmocka_unit_test(broken_once), cmocka_unit_test(broken_twice), cmocka_unit_test(groups), cmocka_unit_test(look_alikes),
		cmocka_unit_test(whole_alphabets), cmocka_unit_test(changed_letters), cmocka_unit_test(truncated), cmocka_unit_test(foreign_bytes),
		cmocka_unit_test(every_place), cmocka_unit_test(every_block), cmocka_unit_test(marks_at_the_ends), cmocka_unit_test(edges), cmocka_unit_test(many), cmocka_unit_test(neighbours), cmocka_unit_test(not_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
