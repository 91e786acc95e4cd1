// uses: host/engine/pathpick.c host/engine/continent.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c
// libs: -lsodium
/* What directory documents may say: relays_ns_line, relays_md_line, and the draw from what came of it. Lines up to one that is "." are
 * the consensus; then "@N" begins the microdescriptor of relay N. */
#include "engine/pathpick.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void md_line(struct relays *r, const char *line, size_t len)
{
	if (len > 1 && line[0] == '@') {
		const struct relay *a = relays_at(r, (size_t)(line[1] - '0'));
		if (a != NULL && relays_md_begin(r, a->fp) != OK)
			abort();
	} else if (relays_md_line(r, line, len) == ERR_BUG) {
		abort();
	}
}

static void check(const struct relays *r)
{
	const struct pathpick want = { .port = 443 };
	struct pick p;
	char family[64], address[46];

	for (size_t i = 0; i < relays_count(r); i++) {
		const struct relay *a = relays_at(r, i);
		if (relays_find(r, a->fp) != a)
			abort();
		relay_family(r, a, family);
		relay_address(a, address);
		for (size_t j = 0; j < relays_count(r); j++)
			if (relay_is_independent(r, a, relays_at(r, j)) != relay_is_independent(r, relays_at(r, j), a))
				abort();
	}
	if (pathpick(r, &want, &p) == OK && (!pathpick_suits(r, &want, p.exit) || p.groups == 0 || p.groups > relays_exits(r)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct relays *r = relays_new();
	bool is_sorted = false;

	if (r == NULL)
		abort();
	for (size_t at = 0; at < n;) {
		const uint8_t *end = memchr(bytes + at, '\n', n - at);
		size_t len = end != NULL ? (size_t)(end - bytes) - at : n - at;
		const char *line = (const char *)bytes + at;
		if (!is_sorted && len == 1 && line[0] == '.') {
			is_sorted = true;
			if (relays_sort(r) != OK)
				abort();
		} else if (is_sorted) {
			md_line(r, line, len);
		} else if (relays_ns_line(r, line, len) == ERR_BUG) {
			abort();
		}
		at += len + 1;
	}
	if (!is_sorted && relays_sort(r) != OK)
		abort();
	if (relays_finish(r) != OK)
		abort();
	check(r);
	relays_free(r);
	return 0;
}
