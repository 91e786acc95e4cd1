// The Open Network's "user-friendly" addresses (docs.ton.org, "Smart contract addresses"): a byte of flags, one of workchain, 32
// of account, CRC-16, all of it in base64 or base64url. The raw form is a row of addr_check_hex.
#include <string.h>

#include "parse/addr/base32.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

/* row: version holds flags (11 bounceable, 51 not, 91 and d1 on test networks) and workchain (00 or ff). */
bool addr_check_ton(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[36];
	size_t len;
	if (n != 48 || row->version_len != 2)
		return false;
	if (!base64_decode(true, s, n, b, sizeof b, &len) && !base64_decode(false, s, n, b, sizeof b, &len))
		return false;
	return memcmp(b, row->version, 2) == 0 && crc16_xmodem(b, 34) == (b[34] << 8 | b[35]);
}
