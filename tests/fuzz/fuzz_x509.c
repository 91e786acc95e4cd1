// Aims at x509_judge and everything below it (der.c, rules.c, words.c, OpenSSL's certificate parser): the input is the payload
// of one PARSE_JUDGE frame, and its last certificate is trusted as a root, so that whole paths are within reach.
// uses: host/parse/x509.c host/parse/rules.c host/parse/words.c host/parse/der.c host/parse/roots.c host/parse/nssckbi.c host/priv/parsemsg.c host/base/rd.c host/base/buf.c host/base/err.c host/base/log.c
// libs: -lcrypto -lsodium -ldl
#include "parse/x509.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct parse_judge q;
	struct parse_judge_r r, again;
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (parsemsg_get_judge(rd_of(bytes, n), &q) != OK)
		return 0;
	struct roots *roots = roots_new();
	if (!roots)
		abort();
	if (q.n_certs && roots_add(roots, rd_of(q.cert[q.n_certs - 1].der, q.cert[q.n_certs - 1].len), 0) == ERR_NOMEM)
		abort();
	x509_judge(roots, &q, &r);
	if (r.is_valid && (!q.is_signed || r.err != OK))
		abort();
	if ((r.is_valid != 0) != (r.why[0] == 0))
		abort();
	/* Whatever it says, main must be able to take it: clean text, bounded fields. */
	struct buf b = buf_new(FRAME_MAX);
	parsemsg_put_judge_r(&b, &r);
	if (buf_err(&b) != OK || parsemsg_get_judge_r(rd_of(b.bytes, b.len), &again) != OK)
		abort();
	buf_free(&b);
	roots_free(roots);
	return 0;
}
