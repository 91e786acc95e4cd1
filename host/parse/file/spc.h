/* Authenticode's signatures (PKCS#7 signed data over an SpcIndirectDataContent) as far as a commitment needs them: which digests of
 * the file are in them. Whose signature it is, and whether it is right, is not asked: the whole signature is compared with what
 * others have. */
#ifndef PARSE_FILE_SPC_H
#define PARSE_FILE_SPC_H

#include "base/err.h"
#include "base/limits.h"
#include "parse/file/commit.h"

/* Digests found, equal ones once. value: digest_size bytes, or more where a format packs several into one (AppX). */
struct spc_digests {
	size_t n;
	struct { enum digest digest; struct rd value; } at[COMMIT_SIGNATURES_MAX];
	bool has_weak;             /* MD5, SHA-1 or an unknown one beside them */
	size_t signatures;
};

/* Adds the digests of one signature, ContentInfo in DER with or without bytes behind it, and of those nested in its unsigned attributes
 * (1.3.6.1.4.1.311.2.4.1). Borrows in. ERR_FORMAT: the outermost one is not of that kind. ERR_TOO_BIG: COMMIT_SIGNATURES_MAX. */
MUST_USE enum err spc_take(struct rd in, bool is_packed, struct spc_digests *out);

#endif
