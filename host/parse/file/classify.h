/* Which class a file is of (shared/filetypes.json): by its content, its name and its Content-Type. */
#ifndef PARSE_FILE_CLASSIFY_H
#define PARSE_FILE_CLASSIFY_H

#include "parse/file/src.h"
#include "priv/filemsg.h"

/* As much of a file's beginning as its kind can be told by (iso9660's mark is at 32 KiB). */
#define TYPE_HEAD (36u * 1024)

/* s NULL: only name and type are known; an archive is then what its name says, its members are not. ERR_IO, ERR_NOMEM. */
MUST_USE enum err classify(struct src *s, const struct file_ask *ask, struct file_class_r *out);

/* Class by beginning and name alone, without listing: *format may be "" (unknown). is_archive: it should be listed. Used for
 * members, too. */
struct looked { enum file_class class; enum file_why why; const char *format; bool is_archive, is_document; };
struct looked look_at(bool has_head, struct rd head, const char *name, uint8_t os);

#endif
