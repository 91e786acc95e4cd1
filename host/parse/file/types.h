/* The table of file types (shared/filetypes.json) and how a file's beginning, name and Content-Type lead into it. */
#ifndef PARSE_FILE_TYPES_H
#define PARSE_FILE_TYPES_H

#include "base/rd.h"
#include "priv/filemsg.h"

struct type_row {
	const char *name;
	uint8_t class[4];              /* enum file_class, in the order of enum file_os's bits */
	uint8_t is_archive, is_document;
};

/* The most dangerous class on the systems of the set. */
enum file_class type_class(const struct type_row *t, uint8_t os);
/* By how the file begins; head is its first TYPE_HEAD bytes, or all of it. Text without any magic is "text". NULL: unknown. */
const struct type_row *type_of_content(struct rd head);
/* By a Content-Type header's value; parameters are left out. NULL: it says nothing (empty, application/octet-stream).
 * *is_unknown: it says something that the table doesn't have. */
const struct type_row *type_of_mime(const char *mime, bool *is_unknown);

/* By a row's own name. NULL: none. */
const struct type_row *type_of_format(const char *format);

/* What a name says. row NULL: no extension, or an unknown one. */
struct type_name {
	const struct type_row *row;
	bool is_unknown;   /* it has an extension that the table doesn't have */
	bool is_hiding;    /* the extension is made hard to see: blanks, dots, a harmless one before it, marks that are not shown */
	bool is_reversed;  /* it has characters that turn the direction of writing, or control characters: nobody honest's */
};
struct type_name type_of_name(const char *name, uint8_t os);

#endif
