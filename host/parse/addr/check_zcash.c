// Zcash's unified addresses (ZIP 316, revision 0): bech32m without its length limit over jumbled bytes: receivers, each type, length
// and data, by ascending type, then the human-readable part padded to 16 bytes.
#include <string.h>

#include "base/rd.h"
#include "parse/addr/bech32.h"
#include "parse/addr/checks.h"
#include "parse/addr/f4jumble.h"

/* All four receivers of today come to 134 bytes; unknown ones of tomorrow find room. */
#define UNIFIED_MAX 512
#define PADDING 16

enum receiver { P2PKH = 0, P2SH = 1, SAPLING = 2, ORCHARD = 3 };

/* Bitcoin's CompactSize, in its shortest form; types go up to 0x2000000. */
static uint32_t compact(struct rd *r)
{
	uint32_t value = rd_u8(r);
	if (value < 253)
		return value;
	uint32_t least = value == 253 ? 253 : 65536, low = rd_u8(r);
	low |= (uint32_t)rd_u8(r) << 8;
	if (value == 254) {
		low |= (uint32_t)rd_u8(r) << 16;
		low |= (uint32_t)rd_u8(r) << 24;
	}
	if (value == 255 || low < least)
		(void)rd_take(r, SIZE_MAX);
	return low;
}

static bool receivers_are_right(struct rd r)
{
	bool shielded = false;
	int64_t before = -1;
	while (!r.bad && r.left > 0) {
		uint32_t type = compact(&r), len = compact(&r);
		struct rd data = rd_take(&r, len);
		if (data.bad || (int64_t)type <= before || type > 0x2000000 || (type == P2SH && before == P2PKH))
			return false;
		if ((type <= P2SH && len != 20) || ((type == SAPLING || type == ORCHARD) && len != 43))
			return false;
		shielded = shielded || type > P2SH;
		before = type;
	}
	return !r.bad && shielded;
}

bool addr_check_unified(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	struct bech32 text;
	uint8_t b[UNIFIED_MAX], padding[PADDING] = { 0 };
	size_t len;
	if (!bech32_split(s, n, &text) || text.residue != BECH32M_CONST || text.hrp_len > PADDING)
		return false;
	if (!bech32_bytes(&text, 0, text.n, b, sizeof b, &len) || !f4jumble_inverse(b, len))
		return false;
	for (size_t i = 0; i < text.hrp_len; i++)
		padding[i] = (uint8_t)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	return memcmp(b + len - PADDING, padding, PADDING) == 0 && receivers_are_right(rd_of(b, len - PADDING));
}
