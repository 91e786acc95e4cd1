/* Cabinets: an Authenticode signature behind the data, its place in the header's reserve of 20 bytes. Its digest goes over all bytes before the signature without the
 * header's checksum (4 to 7) and what stands between the set's number and the end of the reserve but for four bytes (34 to 55: number in the set, sizes, the signature's
 * place): these are in S, as the signature is. Format: [MS-CAB]; the digest as osslsigncode and signtool have it. */
#include "parse/file/commit.h"

#include "parse/file/le.h"
#include "parse/file/spc.h"

#define HEADER_BYTES 60
#define RESERVE_PRESENT 4
#define RESERVE_BYTES 20

enum err commit_cab(struct commit *c)
{
	struct spc_digests found = { 0 };
	struct rd h, in;

	if (commit_size(c) < HEADER_BYTES)
		return OK;
	enum err err = commit_need(c, 0, HEADER_BYTES, &h);
	if (err != OK)
		return err;
	/* Flags; the sizes of the reserves of the header, of each folder and of each block of data. */
	uint64_t at = le_at(h, 44, 4), n = le_at(h, 48, 4);
	if (!(le_at(h, 30, 2) & RESERVE_PRESENT) || le_at(h, 36, 2) != RESERVE_BYTES || le_at(h, 38, 2) != 0 || n == 0)
		return OK;
	if (at < HEADER_BYTES)
		return ERR_FORMAT;
	err = commit_need(c, at, (size_t)n, &in);
	commit_method(c, "cab-authenticode");
	if (err == OK)
		err = spc_take(in, false, &found);
	if (found.has_weak)
		commit_weak(c);
	for (size_t i = 0; i < found.n && err == OK; i++) {
		err = commit_digest(c, found.at[i].digest, found.at[i].value.at);
		if (err == OK)
			err = commit_feed(c, 0, 4);
		if (err == OK)
			err = commit_feed(c, 8, 26);
		if (err == OK)
			err = commit_feed(c, 56, at - 56);
	}
	return err;
}
