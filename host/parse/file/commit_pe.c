/* PE files (programs and libraries of Windows, EFI programs, Linux kernels): Authenticode's image digest. By "Windows Authenticode
 * Portable Executable Signature Format" (2008) it goes over the headers without CheckSum and the certificate table's directory
 * entry, then the sections in their order, then what is behind them without the table. Where sections overlap or leave gaps that
 * is another sequence than the file's; here it is the file's, which leaves no byte out. A digest by the other reading does not fit,
 * and the file is fetched whole. */
#include "parse/file/commit.h"

#include "parse/file/le.h"
#include "parse/file/spc.h"

#define WIN_CERT_TYPE_PKCS 2

struct pe { uint64_t checksum, entry; uint32_t table, table_size; };

/* DOS header, PE signature, COFF header, optional header up to the directory entry. */
static enum err take_headers(struct commit *c, struct pe *out)
{
	struct rd dos, nt, optional;
	enum err err = commit_need(c, 0, 64, &dos);

	if (err != OK)
		return err;
	uint64_t at = le_at(dos, 0x3c, 4);
	if (at < 64)
		return ERR_FORMAT;
	err = commit_need(c, at, 26, &nt);
	if (err != OK)
		return err;
	uint16_t size = (uint16_t)le_at(nt, 20, 2), magic = (uint16_t)le_at(nt, 24, 2);
	if (le_at(nt, 0, 4) != 0x4550 || (magic != 0x10b && magic != 0x20b))
		return ERR_FORMAT;
	size_t directories = magic == 0x10b ? 96 : 112;
	*out = (struct pe){ .checksum = at + 24 + 64, .entry = at + 24 + directories + 32 };
	err = commit_need(c, at + 24, directories, &optional);
	if (err != OK || le_at(optional, directories - 4, 4) < 5 || size < directories + 40)
		return err;
	err = commit_need(c, out->entry, 8, &optional);
	if (err == OK) {
		out->table = (uint32_t)le_at(optional, 0, 4);
		out->table_size = (uint32_t)le_at(optional, 4, 4);
	}
	return err;
}

static enum err take_table(struct commit *c, const struct pe *pe, struct spc_digests *found)
{
	struct rd table;
	enum err err = commit_need(c, pe->table, pe->table_size, &table);

	/* WIN_CERTIFICATE: length with this head, revision, type; each begins at a multiple of eight. */
	while (err == OK && table.left >= 8) {
		uint32_t length = le_u32(&table);
		(void)le_u16(&table);
		uint16_t type = le_u16(&table);
		/* Zeros up to the end are padding; they are compared as all of the table is. */
		if (length == 0)
			break;
		struct rd body = rd_take(&table, length < 8 ? SIZE_MAX : length - 8);
		if (body.bad)
			return ERR_FORMAT;
		if (type == WIN_CERT_TYPE_PKCS)
			err = spc_take(body, false, found);
		size_t padding = (8 - length % 8) % 8;
		(void)rd_take(&table, padding < table.left ? padding : table.left);
	}
	return err;
}

enum err commit_pe(struct commit *c)
{
	struct pe pe;
	struct spc_digests found = { 0 };
	enum err err = take_headers(c, &pe);

	if (err != OK || pe.table_size == 0)
		return err;
	if (pe.table < pe.entry + 8)
		return ERR_FORMAT;
	err = take_table(c, &pe, &found);
	commit_method(c, "authenticode");
	if (found.has_weak)
		commit_weak(c);
	for (size_t i = 0; i < found.n && err == OK; i++) {
		err = commit_digest(c, found.at[i].digest, found.at[i].value.at);
		if (err == OK)
			err = commit_feed(c, 0, pe.checksum);
		if (err == OK)
			err = commit_feed(c, pe.checksum + 4, pe.entry - (pe.checksum + 4));
		if (err == OK)
			err = commit_feed(c, pe.entry + 8, pe.table - (pe.entry + 8));
	}
	return err;
}
