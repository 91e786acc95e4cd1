// place_find: any bytes as a page; whatever is said of it is sound. The first byte chooses type and path.
// uses: host/parse/place.c host/parse/near.c host/parse/page.c host/parse/charset.c host/parse/addr/*.c host/priv/parsemsg.c host/base/buf.c host/base/rd.c host/base/err.c host/base/clock.c
// libs: -lgumbo -lsodium -lcrypto
#include "parse/place.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct parse_text text_of(const char *s)
{
	return (struct parse_text){ s, (uint32_t)strlen(s) };
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const types[] = { "text/html", "text/html; charset=utf-8", "text/plain", "", "text/html; charset=gbk", "text/html; charset=utf-16" };
	static const char *const paths[] = { "html>body>p", "html>body", "html>body>a@href", "html>body>pre" };
	struct buf answer BUF_AUTO = buf_new(FRAME_MAX);
	struct parse_place_r r;
	if (n < 1 || n > CLIP_PAGE_MAX)
		return 0;
	struct parse_place m = {
		.body_len = (uint32_t)(n - 1), .content_type = text_of(types[bytes[0] % 6]), .address = text_of("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
		.ticker = text_of("BTC"), .path = text_of(paths[bytes[0] / 6 % 4]), .before = text_of(bytes[0] & 0x80 ? "Give: " : ""),
		.after = text_of(bytes[0] & 0x40 ? " now" : ""), .family = text_of(bytes[0] & 0x20 ? "1BoatSLRHtKNngkdXEeobR76b53LETtpyT" : ""),
	};
	if (place_find(&m, rd_of(bytes + 1, n - 1), &answer) == OK &&
	    (parsemsg_get_place_r(rd_of(answer.bytes, answer.len), &r) != OK ||
	     (r.found == PLACE_SAME) != (r.address.n == m.address.n && memcmp(r.address.at, m.address.at, r.address.n) == 0)))
		abort();
	return 0;
}
