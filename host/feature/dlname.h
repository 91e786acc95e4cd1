/* What a downloaded file is called: a name that a site chose, made harmless. Pure. */
#ifndef FEATURE_DLNAME_H
#define FEATURE_DLNAME_H

#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>

/* Left free behind a name: "(999)" and ".evidence". */
#define DL_NAME_ROOM 16

/* A file name of at most DL_NAME_MAX - DL_NAME_ROOM bytes, never empty: the last part of a path; control characters, those that reorder or hide
 * text, separators and what Windows forbids become '_'; no dot or blank at its ends; Windows' reserved names get a '_'; what is no UTF-8 becomes '_'. A
 * name that is too long is cut in front of its extension. Where name is empty, url's last segment is taken, percent-decoded; else "download". */
void dlname_clean(const char *name, const char *url, char out[DL_NAME_MAX + 1]);
/* The n-th name beside it: "setup(1).exe", "a(2).tar.gz"; n 0: itself. */
void dlname_numbered(const char *name, unsigned n, char out[DL_NAME_MAX + 1]);
/* Does a name end as files do that may hold a part that commits to the rest (programs, packages, archives with signatures)? query and fragment of a
 * URL, and ".part", are passed over. */
bool dlname_may_commit(const char *name_or_url);

#endif
