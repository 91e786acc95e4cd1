// Cardano's addresses of the Byron era: base58 of CBOR. Source: "Address binary format" in CIP-19 and the Byron ledger's CDDL
// (byron.cddl): [ #6.24(bytes of payload), CRC-32 of them ], payload = [ root: 28 bytes, attributes: map, type ].
#include <string.h>

#include "base/rd.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

enum cbor { CBOR_UINT = 0, CBOR_BYTES = 2, CBOR_ARRAY = 4, CBOR_MAP = 5, CBOR_TAG = 6 };

/* The head of an item of the kind wanted: its number. Written as short as can be (RFC 8949 section 4.2.1), or the cursor turns bad. */
static uint32_t head(struct rd *r, enum cbor want)
{
	uint8_t first = rd_u8(r);
	uint32_t value = first & 31u;
	bool minimal = true;
	if (value == 24) {
		value = rd_u8(r);
		minimal = value >= 24;
	} else if (value == 25) {
		value = rd_u16(r);
		minimal = value > UINT8_MAX;
	} else if (value == 26) {
		value = rd_u32(r);
		minimal = value > UINT16_MAX;
	} else if (value > 26) {
		minimal = false;
	}
	if (first >> 5 != (uint8_t)want || !minimal)
		(void)rd_take(r, SIZE_MAX);
	return value;
}

static struct rd bytes(struct rd *r)
{
	uint32_t n = head(r, CBOR_BYTES);
	return rd_take(r, n);
}

/* Attributes: 1, the derivation path encrypted; 2, the number of a test network. In this order, each at most once. */
static bool attributes_read(struct rd *r, bool *test)
{
	uint32_t count = head(r, CBOR_MAP), before = 0;
	*test = false;
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		uint32_t key = head(r, CBOR_UINT);
		struct rd value = bytes(r);
		if ((key != 1 && key != 2) || key <= before || r->bad)
			return false;
		if (key == 2) {
			(void)head(&value, CBOR_UINT);
			if (!rd_done(&value))
				return false;
			*test = true;
		}
		before = key;
	}
	return !r->bad;
}

/* row: number 1 for test networks, whose addresses name them. */
bool addr_check_byron(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[BASE58_BYTES_MAX];
	size_t len;
	bool test;
	if (!base58_decode(base58_bitcoin, s, n, b, sizeof b, &len))
		return false;
	struct rd r = rd_of(b, len);
	if (head(&r, CBOR_ARRAY) != 2 || head(&r, CBOR_TAG) != 24)
		return false;
	struct rd payload = bytes(&r);
	uint32_t crc = head(&r, CBOR_UINT);
	if (!rd_done(&r) || crc32_ieee(payload.at, payload.left) != crc)
		return false;
	if (head(&payload, CBOR_ARRAY) != 3)
		return false;
	struct rd root = bytes(&payload);
	if (root.bad || root.left != 28 || !attributes_read(&payload, &test))
		return false;
	/* A key, a script, a redemption. */
	return head(&payload, CBOR_UINT) <= 2 && rd_done(&payload) && test == (row->number == 1);
}
