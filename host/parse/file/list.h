/* Archives: what is in them (libarchive), nested to FILE_DEPTH_MAX. Nothing is unpacked but in memory, and of each member only
 * its beginning is looked at. */
#ifndef PARSE_FILE_LIST_H
#define PARSE_FILE_LIST_H

#include "parse/file/src.h"
#include "priv/filemsg.h"

/* class: of the most dangerous member; FILE_TRANSPARENT for an empty archive. why: FILE_WHY_MEMBER, or why it could not be listed, then
 * class is FILE_EXECUTABLE. Looking ends at the first executable member. */
struct listing {
	enum file_class class;
	enum file_why why;
	char member[FILE_MEMBER_MAX];
	uint32_t members;
	bool has_macro;                /* a member that holds a document's macros */
	char first[FILE_MEMBER_MAX];   /* kinds of zip are told by their members: the format they make it, "" none */
};

/* name: of the archive, without its path; for what has no name inside ("a.gz" holds "a"). */
void list_members(struct src *s, const char *name, uint8_t os, struct listing *out);

#endif
