/* META-INF/MANIFEST.MF of signed JARs and XPIs: digests of members by name. Format: the JAR File Specification, "Name-Value pairs and Sections". */
#ifndef PARSE_FILE_MANIFEST_H
#define PARSE_FILE_MANIFEST_H

#include "parse/file/commit.h"

struct manifest_row { const char *name; size_t n; bool has_digest; enum digest digest; uint8_t value[DIGEST_MAX]; };
struct manifest { struct manifest_row *row; size_t n; char *names; bool has_weak; };

/* Borrows in. ERR_FORMAT: no lines of that form, a name twice. ERR_TOO_BIG, ERR_NOMEM. On OK free with manifest_free. */
MUST_USE enum err manifest_take(struct rd in, struct manifest *out);
void manifest_free(struct manifest *m);
/* NULL: not in it. */
const struct manifest_row *manifest_find(const struct manifest *m, struct rd name);

#endif
